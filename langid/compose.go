package langid

import "strings"

// Some systems write an accent after its letter (Unicode's form NFD); the
// n-grams know the letter and its accent as one. A mark, then letters without
// and with it.
const accents = "\u0300aàeèiìoòuùyỳâầêềôồăằơờưừ \u0301aáeéiíoóuúyýcćlĺnńrŕsśzźâấêếôốăắơớưứгѓкќ " +
	"\u0302aâcĉeêgĝhĥiîjĵoôsŝuûwŵyŷạậẹệọộ \u0303aãeẽiĩnñoõuũyỹâẫêễôỗăẵơỡưữ \u0304aāeēiīoōuū " +
	"\u0306aăgğuŭạặийуў \u0307cċeėgġzżii \u0308aäeëiïoöuüyÿеёії \u0309aảeẻiỉoỏuủyỷâẩêểôổăẳơởưử " +
	"\u030Aaåuů \u030Boőuű \u030Ccčdďeělľnňrřsštťzž \u031Boơuư \u0323aạeẹiịoọuụyỵsṣâậêệôộăặơợưự " +
	"\u0326sștț \u0327cçsştţgģkķlļnņrŗ \u0328aąeęiįuųoǫ"

var composed = func() map[[2]rune]rune {
	out := map[[2]rune]rune{}
	for part := range strings.FieldsSeq(accents) {
		r := []rune(part)
		for i := 1; i+1 < len(r); i += 2 {
			out[[2]rune{r[i], r[0]}] = r[i+1]
		}
	}
	return out
}()

// compose returns the letter that a letter and a combining mark make, or 0.
func compose(letter, mark rune) rune {
	if mark < 0x0300 || mark > 0x036F {
		return 0
	}
	return composed[[2]rune{letter, mark}]
}
