package convert

import (
	"encoding/xml"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

const (
	maxSheets       = 1000
	maxStrings      = 1_000_000
	maxStringsBytes = 32 << 20
	maxFormats      = 100_000
	maxCellsOfRow   = 16_384 // as Excel's
)

// readXlsx reads SpreadsheetML: a section for each sheet, a line for each row.
// Values are those that were last computed; numbers are dates where the cell's
// format says so.
func readXlsx(c *container, b *builder, main string, rels []relationship) error {
	var book workbook
	type sheet struct{ name, part string }
	var sheets []sheet
	err := c.each(main, func(_ *xmlReader, t any) error {
		e, ok := t.(xml.StartElement)
		switch {
		case ok && e.Name.Local == "workbookPr":
			book.from1904 = isTrue(attr(e, "date1904"))
		case ok && e.Name.Local == "sheet":
			sheets = append(sheets, sheet{attr(e, "name"), byID(rels, relID(e))})
			if len(sheets) > maxSheets {
				return fmt.Errorf("%w: %d sheets", ErrLimit, maxSheets)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := book.readStyles(c, byKind(rels, "styles")); err != nil {
		return err
	}
	// Strings that a limit cut short still serve the cells that they reach.
	err = book.readStrings(c, byKind(rels, "sharedStrings"))
	for _, s := range sheets {
		b.section(1, s.name, "")
		if s.part == "" || b.full() {
			continue
		}
		if sheetErr := book.readSheet(c, b, s.part); err == nil {
			err = sheetErr
		}
		if more, relErr := c.relationships(s.part); relErr == nil {
			addLinks(b, more)
		}
	}
	return err
}

type workbook struct {
	strings  []string
	dates    []bool // by cell format
	from1904 bool
}

func isTrue(s string) bool { return s == "1" || s == "true" }

func (w *workbook) readStrings(c *container, part string) error {
	size, phonetic := 0, 0
	var item strings.Builder
	return c.each(part, func(x *xmlReader, t any) error {
		switch e := t.(type) {
		case xml.StartElement:
			switch e.Name.Local {
			case "rPh":
				phonetic++
			case "t":
				s, err := x.text()
				if phonetic == 0 {
					item.WriteString(s)
				}
				return err
			}
		case xml.EndElement:
			switch e.Name.Local {
			case "rPh":
				phonetic--
			case "si":
				w.strings = append(w.strings, item.String())
				size += item.Len()
				item.Reset()
				if len(w.strings) >= maxStrings || size > maxStringsBytes {
					return fmt.Errorf("%w: %d shared strings", ErrLimit, len(w.strings))
				}
			}
		}
		return nil
	})
}

// readStyles notes which cell formats are dates.
func (w *workbook) readStyles(c *container, part string) error {
	custom := map[string]bool{}
	inCells := false
	return c.each(part, func(_ *xmlReader, t any) error {
		switch e := t.(type) {
		case xml.StartElement:
			switch {
			case e.Name.Local == "numFmt" && len(custom) < maxFormats:
				custom[attr(e, "numFmtId")] = isDateFormat(attr(e, "formatCode"))
			case e.Name.Local == "cellXfs":
				inCells = true
			case e.Name.Local == "xf" && inCells && len(w.dates) < maxFormats:
				id := attr(e, "numFmtId")
				isDate, known := custom[id]
				w.dates = append(w.dates, isDate || !known && isDateID(positive(id)))
			}
		case xml.EndElement:
			inCells = inCells && e.Name.Local != "cellXfs"
		}
		return nil
	})
}

// isDateID knows the built-in formats (ISO 29500-1, 18.8.30), with those of the
// East Asian editions.
func isDateID(n int) bool {
	return n >= 14 && n <= 22 || n >= 27 && n <= 36 || n >= 45 && n <= 47 || n >= 50 && n <= 58
}

// isDateFormat looks for the letters of dates outside quotes and brackets.
func isDateFormat(code string) bool {
	quoted, bracket := false, false
	for i := 0; i < len(code); i++ {
		switch ch := code[i]; {
		case ch == '\\' || ch == '_' || ch == '*':
			i++
		case ch == '"':
			quoted = !quoted
		case quoted:
		case ch == '[':
			bracket = true
		case ch == ']':
			bracket = false
		case bracket:
		case strings.IndexByte("yYdDhHmMsS", ch) >= 0:
			return true
		}
	}
	return false
}

func (w *workbook) readSheet(c *container, b *builder, part string) error {
	var row []string
	var kind, value string
	var format int
	err := c.each(part, func(x *xmlReader, t any) error {
		switch e := t.(type) {
		case xml.StartElement:
			switch e.Name.Local {
			case "row":
				row = row[:0]
			case "c":
				kind, value, format = attr(e, "t"), "", positive(attr(e, "s"))
			case "v", "is":
				s, err := x.text()
				value = s
				return err
			case "f", "headerFooter", "conditionalFormatting", "dataValidations", "extLst":
				return x.skip()
			}
		case xml.EndElement:
			switch e.Name.Local {
			case "c":
				if v := w.value(kind, value, format); v != "" && len(row) < maxCellsOfRow {
					row = append(row, v)
				}
			case "row":
				if b.row(row); b.full() {
					return errStop
				}
				row = row[:0]
			}
		}
		return nil
	})
	b.row(row) // of a row that damage left open
	return err
}

// value is what a reader sees in a cell, or nearly.
func (w *workbook) value(kind, v string, format int) string {
	switch kind {
	case "s":
		if i, err := strconv.Atoi(strings.TrimSpace(v)); err == nil && i >= 0 && i < len(w.strings) {
			return w.strings[i]
		}
		return ""
	case "b":
		if isTrue(v) {
			return "TRUE"
		}
		return "FALSE"
	case "e":
		return ""
	case "", "n":
		return w.number(v, format)
	}
	return v
}

// number writes a number as one does by hand: 0.1 and not 0.10000000000000001,
// which is how it is stored, and a date where it is one.
func (w *workbook) number(v string, format int) string {
	f, err := strconv.ParseFloat(strings.TrimSpace(v), 64)
	if err != nil {
		return v
	}
	if format < len(w.dates) && w.dates[format] && f >= 0 && f < 2_958_466 { // the year 10000
		return w.date(f)
	}
	if math.Abs(f) < 1e15 {
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	return strconv.FormatFloat(f, 'g', -1, 64)
}

// date reads days since the last day of 1899, less one for the 29th of February
// 1900, which Excel believes in; or since 1904.
func (w *workbook) date(days float64) string {
	epoch := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)
	if w.from1904 {
		epoch = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	whole, part := math.Modf(days)
	seconds := time.Duration(math.Round(part*86400)) * time.Second
	t := epoch.AddDate(0, 0, int(whole)).Add(seconds)
	switch {
	case whole == 0:
		return t.Format("15:04:05")
	case seconds == 0:
		return t.Format("2006-01-02")
	}
	return t.Format("2006-01-02 15:04:05")
}
