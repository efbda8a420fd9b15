package crawltest

import (
	"archive/zip"
	"bytes"
	"io"
)

// docxBomb is a Word document whose text is 2 GiB; it says so itself.
func docxBomb() string {
	const mib = 2 << 10
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	plain := func(name, text string) {
		w, err := z.Create(name)
		if err == nil {
			io.WriteString(w, text) // a bytes.Buffer takes all
		}
	}
	plain("[Content_Types].xml", `<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">`+
		`<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>`+
		`<Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>`)
	plain("_rels/.rels", `<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">`+
		`<Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>`)
	body := deflateBomb(`<?xml version="1.0"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>`,
		"<w:p><w:r><w:t>lol </w:t></w:r></w:p>", mib)
	w, err := z.CreateRaw(&zip.FileHeader{
		Name: "word/document.xml", Method: zip.Deflate,
		CompressedSize64: uint64(len(body)), UncompressedSize64: mib << 20,
	})
	if err == nil {
		w.Write(body)
	}
	z.Close()
	return b.String()
}
