package convert

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"path"
	"strings"
	"unicode/utf16"
)

type kind int

const (
	kindNone kind = iota
	kindPDF
	kindZip
	kindMarkdown
	kindText
	kindLegacy
)

const (
	typePDF  = "application/pdf"
	typeZip  = "application/zip"
	typeEPUB = "application/epub+zip"
	typeRTF  = "application/rtf"

	ooxmlPrefix = "application/vnd.openxmlformats-officedocument."
	odfPrefix   = "application/vnd.oasis.opendocument."

	typeDocx = ooxmlPrefix + "wordprocessingml.document"
	typePptx = ooxmlPrefix + "presentationml.presentation"
	typeXlsx = ooxmlPrefix + "spreadsheetml.sheet"
)

// types maps what a server may say to what is done about it.
var types = map[string]kind{
	typePDF: kindPDF, "application/x-pdf": kindPDF,
	typeEPUB: kindZip,
	typeDocx: kindZip, typePptx: kindZip, typeXlsx: kindZip,
	ooxmlPrefix + "wordprocessingml.template":                    kindZip,
	ooxmlPrefix + "presentationml.template":                      kindZip,
	ooxmlPrefix + "presentationml.slideshow":                     kindZip,
	ooxmlPrefix + "spreadsheetml.template":                       kindZip,
	"application/vnd.ms-word.document.macroenabled.12":           kindZip,
	"application/vnd.ms-powerpoint.presentation.macroenabled.12": kindZip,
	"application/vnd.ms-excel.sheet.macroenabled.12":             kindZip,
	odfPrefix + "text":                                           kindZip, odfPrefix + "text-template": kindZip, odfPrefix + "text-master": kindZip,
	odfPrefix + "spreadsheet": kindZip, odfPrefix + "spreadsheet-template": kindZip,
	odfPrefix + "presentation": kindZip, odfPrefix + "presentation-template": kindZip,
	"text/markdown": kindMarkdown, "text/x-markdown": kindMarkdown, "text/vnd.daringfireball.markdown": kindMarkdown,
	"text/plain": kindText, "text/x-rst": kindText, "text/prs.fallenstein.rst": kindText, "text/restructured-text": kindText,
	"text/asciidoc": kindText, "text/x-asciidoc": kindText, "text/x-org": kindText,
	"application/msword": kindLegacy, "application/vnd.ms-excel": kindLegacy, "application/vnd.ms-powerpoint": kindLegacy,
	"application/x-ole-storage": kindLegacy, typeRTF: kindLegacy, "text/rtf": kindLegacy,
}

// extensions name types that servers often send as something else.
var extensions = map[string]string{
	".pdf": typePDF, ".epub": typeEPUB,
	".docx": typeDocx, ".docm": typeDocx, ".dotx": typeDocx, ".pptx": typePptx, ".pptm": typePptx, ".ppsx": typePptx,
	".xlsx": typeXlsx, ".xlsm": typeXlsx, ".xltx": typeXlsx,
	".odt": odfPrefix + "text", ".ods": odfPrefix + "spreadsheet", ".odp": odfPrefix + "presentation",
	".ott": odfPrefix + "text-template", ".ots": odfPrefix + "spreadsheet-template", ".otp": odfPrefix + "presentation-template",
	".doc": "application/msword", ".xls": "application/vnd.ms-excel", ".ppt": "application/vnd.ms-powerpoint",
	".rtf": typeRTF,
	".md":  "text/markdown", ".markdown": "text/markdown", ".mdown": "text/markdown", ".mkd": "text/markdown",
	".rst": "text/x-rst", ".adoc": "text/asciidoc", ".asciidoc": "text/asciidoc", ".org": "text/x-org",
}

func kindOf(bare string) kind { return types[bare] }

// Reads says whether Read makes text of a type. Parameters are ignored.
func Reads(mediaType string) bool {
	k := kindOf(bareType(mediaType))
	return k != kindNone && k != kindLegacy
}

// bareType is a media type without parameters, in lower case.
func bareType(s string) string {
	s, _, _ = strings.Cut(s, ";")
	return strings.ToLower(strings.TrimSpace(s))
}

// Sniff finds the type of a body from what the server declared, the last
// segment of the address and the first bytes, 4 KiB of them if there are as
// many. Signatures win over what is said; where a signature stands for several
// types (zip, OLE) the entries or streams in sight tell them apart, then what
// was declared, then the extension. A type that is none of this package's
// comes back as it was declared, without parameters.
func Sniff(declared, name string, head []byte) string {
	said := bareType(declared)
	byName := extensions[strings.ToLower(path.Ext(name))]
	switch {
	case bytes.Contains(head[:min(len(head), 1024)], []byte("%PDF-")) && !bytes.HasPrefix(bytes.TrimSpace(head), []byte("<")):
		return typePDF
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return firstOf(zipType(head), onlyKind(kindZip, said), onlyKind(kindZip, byName), typeZip)
	case bytes.HasPrefix(head, oleMagic):
		return firstOf(oleType(head), onlyKind(kindLegacy, said), onlyKind(kindLegacy, byName), "application/x-ole-storage")
	case bytes.HasPrefix(head, []byte(`{\rtf`)):
		return typeRTF
	}
	if feed := feedType(head); feed != "" && isLooseXML(said) {
		return feed
	}
	if isLooseText(said) && (kindOf(byName) == kindMarkdown || kindOf(byName) == kindText) && bytes.IndexByte(head, 0) < 0 {
		return byName
	}
	return said
}

func firstOf(candidates ...string) string {
	for _, c := range candidates {
		if c != "" {
			return c
		}
	}
	return ""
}

func onlyKind(k kind, mediaType string) string {
	if kindOf(mediaType) == k {
		return mediaType
	}
	return ""
}

func isLooseText(said string) bool {
	return said == "" || said == "text/plain" || said == "application/octet-stream"
}

// isLooseXML holds for the types under which feeds are served.
func isLooseXML(said string) bool {
	return isLooseText(said) || strings.HasSuffix(said, "/xml") || strings.HasSuffix(said, "+xml") ||
		said == "text/html" || said == "application/json" || said == "application/feed+json"
}

// zipType walks the local headers in sight. An entry of unknown length ends the
// walk; by then the first entries, which are what matters, are past.
func zipType(head []byte) string {
	for len(head) >= 30 && bytes.HasPrefix(head, []byte("PK\x03\x04")) {
		size := int(binary.LittleEndian.Uint32(head[18:]))
		nameLen, extraLen := int(binary.LittleEndian.Uint16(head[26:])), int(binary.LittleEndian.Uint16(head[28:]))
		if len(head) < 30+nameLen {
			return ""
		}
		name, data := string(head[30:30+nameLen]), head[min(30+nameLen+extraLen, len(head)):]
		switch {
		case name == "mimetype" && size < 100 && size <= len(data):
			if t := bareType(string(data[:size])); kindOf(t) == kindZip {
				return t
			}
		case strings.HasPrefix(name, "word/"):
			return typeDocx
		case strings.HasPrefix(name, "ppt/"):
			return typePptx
		case strings.HasPrefix(name, "xl/"):
			return typeXlsx
		}
		if next := bytes.Index(data[min(size, len(data)):], []byte("PK\x03\x04")); next >= 0 {
			head = data[min(size, len(data))+next:]
			continue
		}
		return ""
	}
	return ""
}

var oleMagic = []byte{0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1}

// oleType looks for the names of the streams that the formats cannot do without.
func oleType(b []byte) string {
	for _, s := range []struct{ stream, mediaType string }{
		{"WordDocument", "application/msword"}, {"PowerPoint Document", "application/vnd.ms-powerpoint"},
		{"Workbook", "application/vnd.ms-excel"},
	} {
		if bytes.Contains(b, utf16le(s.stream)) {
			return s.mediaType
		}
	}
	return ""
}

func utf16le(s string) []byte {
	var out []byte
	for _, u := range utf16.Encode([]rune(s)) {
		out = binary.LittleEndian.AppendUint16(out, u)
	}
	return out
}

var legacyNames = map[string]string{
	"application/msword":            "Word 97-2003 (.doc)",
	"application/vnd.ms-excel":      "Excel 97-2003 (.xls)",
	"application/vnd.ms-powerpoint": "PowerPoint 97-2003 (.ppt)",
	typeRTF:                         "Rich Text Format (.rtf)",
	"text/rtf":                      "Rich Text Format (.rtf)",
}

// readLegacy refuses by name. An encrypted docx, pptx or xlsx is an OLE file
// too, with a stream of its own.
func readLegacy(mediaType string, body []byte) error {
	if !bytes.HasPrefix(body, oleMagic) && !bytes.HasPrefix(body, []byte(`{\rtf`)) {
		return fmt.Errorf("%w: not an OLE file", ErrDamaged)
	}
	if bytes.Contains(body, utf16le("EncryptedPackage")) {
		return ErrEncrypted
	}
	return fmt.Errorf("%w: %s", ErrUnsupported, firstOf(legacyNames[firstOf(oleType(body), mediaType)], "OLE compound file"))
}
