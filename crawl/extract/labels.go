package extract

import "strings"

// isLabel tells whether a line is what stands above links to other pages, or
// above what readers wrote.
func isLabel(b []byte) bool {
	s := strings.ToLower(strings.Trim(string(b), " :.!?…»›→▼"))
	_, ok := labels[s]
	return ok
}

// labels are in lower case, in the languages of most of the web.
var labels = func() map[string]struct{} {
	m := make(map[string]struct{})
	for line := range strings.Lines(labelList) {
		for label := range strings.SplitSeq(strings.TrimSpace(line), ", ") {
			m[strings.TrimSuffix(label, ",")] = struct{}{}
		}
	}
	return m
}()

const labelList = `related, related articles, related stories, related posts, related news, related content, related topics,
related links, related videos, related coverage, related reading, related items, more from, more stories, more news,
more on this story, more on this topic, more on this, more like this, more articles, more to explore, read more,
read also, read next, read this next, also read, recommended, recommended for you, recommended stories,
recommended reading, recommended articles, recommended videos, you may also like, you might also like, you may like,
you might like, you may be interested in, you might be interested in, you may also be interested in,
what to read next, up next, next up, don't miss, don’t miss, editor's picks, editors' picks, editor’s picks,
editors’ picks, trending, trending now, trending stories, trending news, most read, most popular, most viewed,
most recent, popular posts, popular stories, popular articles, latest news, latest stories,
latest posts, latest articles, recent posts, recent news, recent articles, top stories, top news, other stories,
other articles, other news, in other news, from around the web, around the web, promoted stories, sponsored stories,
sponsored content, sponsored links, comments, comment, leave a comment, leave a reply, post a comment, add a comment,
join the conversation, join the discussion, top rated comments, reader comments, view comments, show comments,
share this, share this article, share this story, share this post, share, follow us, about the author,
sign up for our newsletter, advertisement, tags, filed under, ähnliche artikel, ähnliche beiträge,
verwandte artikel, verwandte themen, mehr zum thema, mehr artikel, das könnte sie auch interessieren,
das könnte dich auch interessieren, auch interessant, lesen sie auch, meistgelesen, neueste beiträge, kommentare,
kommentar schreiben, schreibe einen kommentar, schlagwörter, articles similaires, articles liés, à lire aussi,
lire aussi, à lire également, sur le même sujet, sur le même thème, vous aimerez aussi, les plus lus,
derniers articles, commentaires, laisser un commentaire, partager, artículos relacionados, noticias relacionadas,
entradas relacionadas, relacionados, relacionadas, te puede interesar, también te puede interesar, lea también,
lee también, leer más, más leídas, lo más leído, más noticias, comentarios, deja un comentario, deja una respuesta,
compartir, artigos relacionados, notícias relacionadas, posts relacionados, leia também, leia mais, veja também,
você pode gostar, você também pode gostar, mais lidas, mais notícias, comentários, deixe um comentário,
deixe uma resposta, compartilhe, compartilhar, publicidade, articoli correlati, leggi anche, potrebbe interessarti,
potrebbe interessarti anche, i più letti, commenti, lascia un commento, condividi, gerelateerde artikelen, lees ook,
meer over dit onderwerp, reacties, geef een reactie, läs också, läs mer, kommentarer, les også, læs også,
powiązane artykuły, czytaj także, czytaj też, zobacz także, komentarze, dodaj komentarz, похожие статьи,
похожие записи, читайте также, по теме, комментарии, оставить комментарий, добавить комментарий, читать также,
смотрите также, ilgili haberler, yorumlar, 関連記事, 関連ニュース, おすすめ記事, コメント, 人気記事, 相关文章, 相关新闻, 相关阅读, 推荐阅读, 评论, 热门文章, 관련기사,
관련 기사, 댓글, baca juga, berita terkait, artikel terkait, komentar`
