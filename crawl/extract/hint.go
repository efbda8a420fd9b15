package extract

import "strings"

// A hint is what the name, role or class of an element tells about the text in
// it.
type hint uint32

const (
	hintHidden    hint = 1 << iota // not shown
	hintNav                        // tag or role: navigation, controls
	hintSide                       // tag or role that is boilerplate but inside of main text: header, footer, aside
	hintSoft                       // class or id suggests boilerplate
	hintMain                       // main, article, or class or id of the same meaning
	hintBody                       // itemprop articleBody: the text itself
	hintContent                    // class or id suggests content
	hintContents                   // class or id suggests a table of contents
	hintComments                   // class or id suggests what readers wrote
	hintDeceptive                  // hidden so that only machines read it
	hintInclude                    // the author wants only such parts in search engines
	hintExclude                    // the author wants no such parts there
	hintIgnoreAll                  // nor the values marked in it
	hintNoSnippet                  // it may be found, but not shown in answers
)

func hintOf(z *tokenizer) hint {
	var h hint
	if z.marked {
		h = regionHints(z)
	}
	switch z.tag {
	case tagNav, tagMenu, tagSelect, tagTextarea, tagButton, tagDialog, tagNoscript, tagSearch, tagDir:
		h |= hintNav
	case tagHeader, tagFooter, tagAside:
		h |= hintSide
	case tagForm, tagFieldset:
		h |= hintSoft
	case tagMain, tagArticle:
		h |= hintMain
	}
	switch string(z.attr(attrRole)) {
	case "navigation", "search", "menu", "menubar", "toolbar", "dialog", "alertdialog", "tablist", "listbox", "tooltip":
		h |= hintNav
	case "banner", "contentinfo", "complementary":
		h |= hintSide
	case "main", "article", "document":
		h |= hintMain
	case "note", "doc-tip", "doc-notice":
		h &^= hintSide
		h |= hintContent
	}
	if prop := string(z.attr(attrItemprop)); prop == "articleBody" || prop == "text" {
		h |= hintBody
	}
	if equalFold(z.attr(attrAriaHidden), "true") {
		h |= hintSoft
	}
	if z.tag == tagBlockquote { // a quotation is named for where it is from
		return h
	}
	h |= wordHints(z.attr(attrClass))
	switch z.tag {
	case tagDiv, tagUl, tagOl, tagTable, tagTd: // an id of others names a place, not a purpose
		if id := z.attr(attrId); countWords(string(id)) <= 2 {
			h |= wordHints(id)
		}
	}
	return h
}

// regionHints reads the attributes that include and exclude parts of a page.
func regionHints(z *tokenizer) hint {
	var h hint
	if z.has(attrDataPagefindBody) || z.has(attrDataElasticInclude) {
		h |= hintInclude
	}
	if z.has(attrDataPagefindIgnore) || z.has(attrDataElasticExclude) {
		h |= hintExclude
	}
	if equalFold(z.attr(attrDataPagefindIgnore), "all") {
		h |= hintIgnoreAll
	}
	if z.has(attrDataNosnippet) {
		h |= hintNoSnippet
	}
	return h
}

// wordHints looks for telling words in a class or id. "relatedArticles",
// "related-articles" and "RELATED_ARTICLES" are the same two words.
func wordHints(s []byte) hint {
	var out hint
	from, h, lower := 0, hashSeed, false
	for i := 0; i <= len(s); i++ {
		if i < len(s) && isLetter(s[i]) && (!lower || s[i] >= 'a') {
			h, lower = hashByte(h, s[i]), s[i] >= 'a'
			continue
		}
		if from < i {
			out |= wordHint[knownWords.find(h, s[from:i])]
		}
		from, h, lower = i+1, hashSeed, false
		if i < len(s) && isLetter(s[i]) { // camelCase
			from, h = i, hashByte(hashSeed, s[i])
		}
	}
	return out
}

// The words that tell, by what they tell, in languages of which many pages name
// their parts. None of them decides alone: an element that holds a good share of
// the page's prose is kept whatever its name (maxSoftShare).
var wordLists = []struct {
	hint  hint
	words string
}{
	{hintSoft, `nav navbar navigation navheader navfooter navlinks sitenav subnav topnav menu menubar submenu dropdown breadcrumb
breadcrumbs crumbs sidebar sidebars sidenav rail footer masthead topbar toolbar pagination pager paging skip
skiplink share sharing shares sharedaddy social addthis addtoany follow tweet facebook twitter related recommend
recommended recommendations recirc recirculation trending popular mostread promo promos promotion promoted teaser
teasers outbrain taboola zergnet more readmore ad ads advert adverts advertisement advertising adsbygoogle dfp
sponsor sponsored sponsors banner cookie cookies gdpr consent newsletter subscribe subscription signup login signin
register paywall popup modal lightbox overlay tooltip widget widgets cta tags tagcloud taglist byline author bio
credit credits copyright disclaimer legal caption timestamp dateline metadata printonly noprint edit editsection
hatnote rss
navigace navigatie navigazione navegacion navegacao navi menue hauptmenu seitenleiste randspalte fusszeile kopfzeile
werbung anzeige anzeigen teilen verwandt verwandte empfehlungen meistgelesen abonnieren anmelden schlagworte
piedpage entete publicite partager partage partages recommandations abonnement inscription connexion barralateral
piedepagina cabecera encabezado publicidad anuncio anuncios compartir relacionados relacionadas recomendados
suscripcion suscribirse registro etiquetas rodape cabecalho publicidade propaganda compartilhar compartilhe
assinatura cadastro intestazione pubblicita condividi correlati correlate consigliati iscriviti etichette zijbalk
voettekst koptekst advertentie advertenties delen gerelateerd aanbevolen nieuwsbrief reklama reklame annons annonse
annonce udostepnij polecane powiazane stopka naglowek tagi souvisejici reklamy paticka maislidas masleidas`},
	{hintSoft | hintComments, `comment comments disqus respond reply replies livefyre discussion kommentar kommentare kommentarer commentaire
commentaires comentario comentarios commento commenti reactie reacties komentarz komentarze komentar komentare yorum
yorumlar`},
	{hintContents, `toc tableofcontents localtoc minitoc`},
	{hintContent, `content body text entry post story article main page section inhalt artikel beitrag hauptinhalt contenu texte
contenido articulo cuerpo texto noticia conteudo artigo materia contenuto articolo testo inhoud bericht tresc
artykul innehall`},
}

var knownWords, wordHint = func() (*nameTable, []hint) {
	words, hints := []string{""}, []hint{0}
	for _, l := range wordLists {
		for w := range strings.FieldsSeq(l.words) {
			words, hints = append(words, w), append(hints, l.hint)
		}
	}
	return tableOf(words), hints
}()

// countWords counts the parts of an id that signs part.
func countWords(s string) int {
	return len(strings.FieldsFunc(s, func(r rune) bool { return r < '0' || r > 'z' || '9' < r && r < 'A' || 'Z' < r && r < 'a' }))
}
