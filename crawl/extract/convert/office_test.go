package convert

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
)

// zipped makes a zip file of pairs of names and contents.
func zipped(pairs ...string) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := 0; i < len(pairs); i += 2 {
		method := zip.Deflate
		if pairs[i] == "mimetype" {
			method = zip.Store
		}
		f, _ := w.CreateHeader(&zip.FileHeader{Name: pairs[i], Method: method})
		_, _ = f.Write([]byte(pairs[i+1]))
	}
	_ = w.Close()
	return b.Bytes()
}

const (
	relsHead  = `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">`
	relType   = `http://schemas.openxmlformats.org/officeDocument/2006/relationships/`
	coreProps = `<cp:coreProperties xmlns:cp="a" xmlns:dc="b" xmlns:dcterms="c"><dc:title>Quarterly Report</dc:title>` +
		`<dc:creator>Grace Hopper</dc:creator><dc:language>en-US</dc:language><dc:description>Numbers and words</dc:description>` +
		`<dcterms:created>2024-01-02T03:04:05Z</dcterms:created><dcterms:modified>2024-02-03</dcterms:modified></cp:coreProperties>`
)

func rel(id, kind, target, more string) string {
	return `<Relationship Id="` + id + `" Type="` + relType + kind + `" Target="` + target + `" ` + more + `/>`
}

func ooxml(main string, more ...string) []byte {
	return zipped(append([]string{
		"[Content_Types].xml", "<Types/>",
		"_rels/.rels", relsHead + rel("r1", "officeDocument", main, "") +
			`<Relationship Id="r2" Type="http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties" Target="docProps/core.xml"/></Relationships>`,
		"docProps/core.xml", coreProps,
	}, more...)...)
}

func docxOf(body string) []byte {
	return ooxml("word/document.xml",
		"word/_rels/document.xml.rels", relsHead+rel("s", "styles", "styles.xml", "")+rel("f", "footnotes", "footnotes.xml", "")+
			rel("h", "hyperlink", "http://a.test/linked", `TargetMode="External"`)+"</Relationships>",
		"word/styles.xml", `<w:styles xmlns:w="w"><w:style w:styleId="berschrift1"><w:name w:val="heading 1"/></w:style>`+
			`<w:style w:styleId="Own"><w:name w:val="My heading"/><w:basedOn w:val="berschrift1"/></w:style>`+
			`<w:style w:styleId="Out"><w:name w:val="x"/><w:pPr><w:outlineLvl w:val="1"/></w:pPr></w:style>`+
			`<w:style w:styleId="Ring"><w:basedOn w:val="Ring"/></w:style></w:styles>`,
		"word/footnotes.xml", `<w:footnotes xmlns:w="w"><w:footnote><w:p><w:r><w:t>A note.</w:t></w:r></w:p></w:footnote></w:footnotes>`,
		"word/document.xml", `<w:document xmlns:w="w" xmlns:mc="mc"><w:body>`+body+`</w:body></w:document>`)
}

func wp(style, text string) string {
	return `<w:p><w:pPr><w:pStyle w:val="` + style + `"/></w:pPr><w:r><w:t xml:space="preserve">` + text + `</w:t></w:r></w:p>`
}

var docxFile = docxOf(wp("", "Before.") + wp("berschrift1", "One") +
	`<w:p><w:r><w:t>Fron</w:t></w:r><w:r><w:t>tier</w:t><w:tab/><w:t>lease</w:t></w:r><w:del><w:r><w:delText>gone</w:delText><w:t>gone</w:t></w:r></w:del></w:p>` +
	wp("Own", "Two") + `<w:p><w:pPr><w:numPr/></w:pPr><w:r><w:t>an item</w:t></w:r></w:p>` + wp("Out", "Deeper") +
	`<w:tbl><w:tr><w:tc>` + wp("", "a") + wp("", "b") + `</w:tc><w:tc>` + wp("", "c") + `</w:tc></w:tr><w:tr><w:tc><w:tbl><w:tr><w:tc>` + wp("", "inner") + `</w:tc></w:tr></w:tbl></w:tc></w:tr></w:tbl>` +
	`<w:p><w:r><w:fldChar w:fldCharType="begin"/><w:instrText> HYPERLINK "http://a.test/field" </w:instrText><w:fldChar w:fldCharType="separate"/><w:t>shown</w:t><w:fldChar w:fldCharType="end"/></w:r></w:p>` +
	`<w:p><mc:AlternateContent><mc:Choice><w:txbxContent>` + wp("Ring", "In a box") + `</w:txbxContent></mc:Choice><mc:Fallback>` + wp("", "In a box") + `</mc:Fallback></mc:AlternateContent></w:p>`)

var pptxFile = ooxml("ppt/presentation.xml",
	"ppt/presentation.xml", `<p:presentation xmlns:p="p" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><p:sldIdLst><p:sldId id="256" r:id="r2"/><p:sldId id="257" r:id="r1"/></p:sldIdLst></p:presentation>`,
	"ppt/_rels/presentation.xml.rels", relsHead+rel("r1", "slide", "slides/slide1.xml", "")+rel("r2", "slide", "/ppt/slides/slide2.xml", "")+"</Relationships>",
	"ppt/slides/slide1.xml", `<p:sld xmlns:p="p" xmlns:a="a"><p:sp><p:txBody><a:p><a:r><a:t>Body first</a:t></a:r></a:p></p:txBody></p:sp><p:sp><p:nvPr><p:ph type="ctrTitle"/></p:nvPr><a:p><a:t>Last</a:t><a:br/><a:t>slide</a:t></a:p></p:sp>`+
		`<a:tbl><a:tr><a:tc><a:p><a:t>x</a:t></a:p></a:tc><a:tc><a:p><a:t>y</a:t></a:p></a:tc></a:tr></a:tbl></p:sld>`,
	"ppt/slides/slide2.xml", `<p:sld xmlns:p="p" xmlns:a="a"><p:sp><p:nvPr><p:ph type="title"/></p:nvPr><a:p><a:t>First slide</a:t></a:p></p:sp><p:sp><p:nvPr><p:ph type="sldNum"/></p:nvPr><a:p><a:t>7</a:t></a:p></p:sp></p:sld>`,
	"ppt/slides/_rels/slide2.xml.rels", relsHead+rel("n", "notesSlide", "../notesSlides/n.xml", "")+rel("h", "hyperlink", "https://a.test/p", `TargetMode="External"`)+"</Relationships>",
	"ppt/notesSlides/n.xml", `<p:notes xmlns:p="p" xmlns:a="a"><p:sp><p:nvPr><p:ph type="body"/></p:nvPr><a:p><a:t>Say this.</a:t></a:p></p:sp></p:notes>`)

var xlsxFile = ooxml("xl/workbook.xml",
	"xl/workbook.xml", `<workbook xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="Sales" sheetId="1" r:id="a"/><sheet name="Empty" sheetId="2" r:id="b"/></sheets></workbook>`,
	"xl/_rels/workbook.xml.rels", relsHead+rel("a", "worksheet", "worksheets/s1.xml", "")+rel("t", "sharedStrings", "ss.xml", "")+rel("y", "styles", "st.xml", "")+"</Relationships>",
	"xl/ss.xml", `<sst><si><t>Region</t></si><si><r><t>Nor</t></r><r><t>th</t></r><rPh><t>phonetic</t></rPh></si></sst>`,
	"xl/st.xml", `<styleSheet><numFmts><numFmt numFmtId="170" formatCode="yyyy&quot;x&quot;"/><numFmt numFmtId="171" formatCode="0.0&quot;days&quot;[Red]"/></numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="170"/><xf numFmtId="171"/><xf numFmtId="20"/></cellXfs></styleSheet>`,
	"xl/worksheets/s1.xml", `<worksheet><sheetData><row><c t="s"><v>0</v></c><c t="s"><v>1</v></c><c t="s"><v>99</v></c></row>`+
		`<row><c><v>0.10000000000000001</v></c><c s="1"><v>45350</v></c><c s="2"><v>45350.5</v></c><c s="3"><v>45350</v></c><c s="4"><v>0.25</v></c><c t="b"><v>1</v></c><c t="inlineStr"><is><t>in line</t></is></c><c><f>A1*2</f><v>1E3</v></c><c t="str"><v>text</v></c></row></sheetData></worksheet>`,
	"xl/worksheets/_rels/s1.xml.rels", relsHead+rel("h", "hyperlink", "https://a.test/x", `TargetMode="External"`)+"</Relationships>")

func odf(mime, body string) []byte {
	return zipped("mimetype", odfPrefix+mime, "META-INF/manifest.xml", "<manifest/>",
		"meta.xml", `<office:document-meta xmlns:office="o" xmlns:dc="d" xmlns:meta="m"><office:meta><dc:title>Quarterly Report</dc:title><meta:initial-creator>Grace Hopper</meta:initial-creator><dc:creator>Someone else</dc:creator><dc:language>en-US</dc:language><dc:description>Numbers and words</dc:description><meta:creation-date>2024-01-02T03:04:05</meta:creation-date><dc:date>2024-02-03T00:00:00</dc:date><meta:document-statistic meta:page-count="3"/></office:meta></office:document-meta>`,
		"content.xml", `<office:document-content xmlns:office="o" xmlns:text="t" xmlns:table="tb" xmlns:draw="dr" xmlns:xlink="x" xmlns:presentation="p"><office:body><office:`+mime+`>`+body+`</office:`+mime+`></office:body></office:document-content>`)
}

var odtFile = odf("text", `<text:tracked-changes><text:p>deleted</text:p></text:tracked-changes><text:p>Before.</text:p><text:h text:outline-level="1">One</text:h>`+
	`<text:p>Fron<text:span>tier</text:span><text:s text:c="900000000"/>lease <text:a xlink:href="http://a.test/o">link</text:a><office:annotation><text:p>comment</text:p></office:annotation></text:p>`+
	`<text:list><text:list-item><text:p>an item</text:p></text:list-item></text:list><text:h text:outline-level="2">Deeper</text:h>`+
	`<table:table><table:table-row><table:table-cell><text:p>a</text:p><text:p>b</text:p></table:table-cell><table:table-cell><text:p>c</text:p></table:table-cell></table:table-row></table:table>`)

var odsFile = odf("spreadsheet", `<table:table table:name="Sales"><table:table-row table:number-rows-repeated="1000000"><table:table-cell table:number-columns-repeated="16384"><text:p>x</text:p></table:table-cell><table:table-cell><text:p>y</text:p></table:table-cell></table:table-row></table:table>`)

var odpFile = odf("presentation", `<draw:page><draw:frame presentation:class="outline"><draw:text-box><text:p>Body</text:p></draw:text-box></draw:frame><draw:frame presentation:class="title"><draw:text-box><text:p>Slide title</text:p></draw:text-box></draw:frame><presentation:notes><text:p>Say this.</text:p></presentation:notes></draw:page>`)

var epubFile = zipped("mimetype", typeEPUB,
	"META-INF/container.xml", `<container><rootfiles><rootfile full-path="O/b.opf"/></rootfiles></container>`,
	"META-INF/encryption.xml", `<encryption><EncryptedData><EncryptionMethod Algorithm="http://www.idpf.org/2008/embedding"/><CipherReference URI="O/one two.xhtml"/></EncryptedData></encryption>`,
	"O/b.opf", `<package xmlns:dc="d"><metadata><dc:title>Quarterly Report</dc:title><dc:creator>Grace Hopper</dc:creator><dc:language>en-US</dc:language><dc:description>&lt;p&gt;Numbers and words&lt;/p&gt;</dc:description><dc:date>2024-01-02T03:04:05Z</dc:date><meta property="dcterms:modified">2024-02-03</meta></metadata>`+
		`<manifest><item id="1" href="one%20two.xhtml" media-type="application/xhtml+xml"/><item id="2" href="two.xhtml" media-type="application/xhtml+xml"/></manifest><spine><itemref idref="2"/><itemref idref="1"/><itemref idref="1"/></spine></package>`,
	"O/two.xhtml", `<html><head><title/><script/></head><body><h1>Start</h1><p>Two&nbsp;&amp; <em>em</em>phasis</p></body></html>`,
	"O/one two.xhtml", `<!DOCTYPE html><html><head><title>no</title><style>no</style></head><body><h2>Next</h2><ul><li>an item</li></ul><table><tr><td>a</td><td>b</td></tr></table><a href="https://a.test/e">out</a> <a href="two.xhtml">in</a></body></html>`)

var officeCases = []struct {
	name, mediaType string
	body            []byte
	sections        []Section
	links           []string
	pages           int
}{
	{"a.docx", typeDocx, docxFile, []Section{{0, "", "", "Before."}, {1, "One", "", "Frontier lease"}, {1, "Two", "", "• an item"},
		{2, "Deeper", "", "a b\tc\ninner\nshown\nIn a box\nA note."}}, []string{"http://a.test/linked", "http://a.test/field"}, 0},
	{"a.pptx", typePptx, pptxFile, []Section{{1, "First slide", "", "Say this."}, {1, "Last slide", "", "Body first\nx\ty"}},
		[]string{"https://a.test/p"}, 2},
	{"a.xlsx", typeXlsx, xlsxFile, []Section{{1, "Sales", "", "Region\tNorth\n0.1\t2024-02-28\t2024-02-28 12:00:00\t45350\t06:00:00\tTRUE\tin line\t1000\ttext"}, {1, "Empty", "", ""}},
		[]string{"https://a.test/x"}, 0},
	{"a.odt", odfPrefix + "text", odtFile, []Section{{0, "", "", "Before."}, {1, "One", "", "Frontier lease link\n• an item"}, {2, "Deeper", "", "a b\tc"}},
		[]string{"http://a.test/o"}, 3},
	{"a.ods", odfPrefix + "spreadsheet", odsFile, []Section{{1, "Sales", "", "x\ty"}}, nil, 3},
	{"a.odp", odfPrefix + "presentation", odpFile, []Section{{1, "Slide title", "", "Body\nSay this."}}, nil, 1},
	{"a.epub", typeEPUB, epubFile, []Section{{1, "Start", "", "Two & emphasis"}, {2, "Next", "", "• an item\na\tb\nout in"}}, []string{"https://a.test/e"}, 0},
}

func TestOffice(t *testing.T) {
	r := New(Options{})
	defer r.Close()
	for _, c := range officeCases {
		t.Run(c.name, func(t *testing.T) {
			if got := Sniff("application/octet-stream", c.name, c.body[:min(4096, len(c.body))]); got != c.mediaType {
				t.Errorf("sniffed %s", got)
			}
			d, err := r.Read(context.Background(), c.mediaType, c.name, c.body)
			if err != nil {
				t.Fatal(err)
			}
			if d.Title != "Quarterly Report" || d.Author != "Grace Hopper" || d.Lang != "en-US" || d.Description != "Numbers and words" {
				t.Errorf("title %q, author %q, language %q, description %q", d.Title, d.Author, d.Lang, d.Description)
			}
			if want := time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC); !d.Published.Equal(want) || d.Modified.Format("2006-01-02") != "2024-02-03" {
				t.Errorf("published %v, modified %v", d.Published, d.Modified)
			}
			if !reflect.DeepEqual(d.Sections, c.sections) {
				t.Errorf("sections\n%+v, want\n%+v", d.Sections, c.sections)
			}
			if !reflect.DeepEqual(d.Links, c.links) || d.Pages != c.pages || d.Truncated {
				t.Errorf("links %q, pages %d, truncated %q", d.Links, d.Pages, d.Why)
			}
		})
	}
}

func TestDate1904(t *testing.T) {
	w := workbook{dates: []bool{true}, from1904: true}
	if got := w.number("1", 0); got != "1904-01-02" {
		t.Error(got)
	}
}

func TestRefused(t *testing.T) {
	r := New(Options{MaxBytes: 1 << 20})
	defer r.Close()
	ole := func(stream string) []byte {
		return append(append(bytes.Clone(oleMagic), make([]byte, 1000)...), utf16le(stream)...)
	}
	for _, c := range []struct {
		name, declared string
		body           []byte
		class, says    string
	}{
		{"a.doc", "application/octet-stream", ole("WordDocument"), "unsupported", "Word 97-2003 (.doc)"},
		{"a.xls", "", ole("Workbook"), "unsupported", "Excel 97-2003 (.xls)"},
		{"a.ppt", "", ole("PowerPoint Document"), "unsupported", "PowerPoint 97-2003 (.ppt)"},
		{"a.docx", typeDocx, ole("EncryptedPackage"), "encrypted", ""},
		{"a.rtf", "text/plain", []byte(`{\rtf1 hello}`), "unsupported", "Rich Text"},
		{"a.zip", "application/octet-stream", zipped("a.txt", "a"), "unsupported", ""},
		{"a.bin", "application/octet-stream", []byte("\x00\x01"), "unsupported", ""},
		{"a.docx", typeDocx, []byte("PK\x03\x04 and no more"), "damaged", ""},
		{"a.docx", typeDocx, ooxml("nowhere.xml"), "damaged", ""},
		{"a.odt", odfPrefix + "text", zipped("mimetype", odfPrefix+"text", "META-INF/manifest.xml", "<m><encryption-data/></m>", "content.xml", "x"), "encrypted", ""},
		{"a.epub", typeEPUB, lockedBook(), "encrypted", ""},
		{"a.txt", "text/plain", make([]byte, 2<<20), "parse-limit", ""},
	} {
		mt := Sniff(c.declared, c.name, c.body[:min(4096, len(c.body))])
		_, err := r.Read(context.Background(), mt, c.name, c.body)
		if Class(err) != c.class || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s as %s: %v, class %q, want %q", c.name, mt, err, Class(err), c.class)
		}
	}
	if Class(errors.New("x")) != "" || Class(nil) != "" {
		t.Error("a class for no error of ours")
	}
}

func lockedBook() []byte {
	return zipped("mimetype", typeEPUB, "META-INF/container.xml", `<c><rootfile full-path="b.opf"/></c>`,
		"META-INF/encryption.xml", `<e><EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#aes256-cbc"/><CipherReference URI="a.xhtml"/></e>`,
		"b.opf", `<p><item id="1" href="a.xhtml" media-type="application/xhtml+xml"/><itemref idref="1"/></p>`, "a.xhtml", "noise")
}
