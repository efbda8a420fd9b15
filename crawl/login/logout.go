package login

import (
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/trawlsearch/trawl/weburl"
)

// maxTextRunes is how long the text of a link is that may say "log out".
const maxTextRunes = 40

// IsLogout says whether a link ends a session or destroys something: what a
// logged-in crawl must not ask for (GET should be safe and is not). text is that
// of the link, and may be empty. It looks for log-out as the last word of a path
// segment or as the value or name of a parameter; for delete and the like as a
// whole segment, not of a document ("delete.html"), or the value of a parameter
// that names an action; and for the words of some languages as the whole text.
// "how-to-log-out-safely" is a page like any other.
func IsLogout(u weburl.URL, text string) bool {
	for segment := range strings.SplitSeq(u.Path(), "/") {
		if segment, err := url.PathUnescape(segment); err == nil && (leaves(segment) || destroys[strings.ToLower(segment)]) {
			return true
		}
	}
	for pair := range strings.SplitSeq(u.Query(), "&") {
		name, value, _ := strings.Cut(pair, "=")
		n, err1 := url.QueryUnescape(name)
		v, err2 := url.QueryUnescape(value)
		n = strings.ToLower(n)
		if err1 == nil && err2 == nil && !searches[n] && (leaves(n) || leaves(v) || acts[n] && destroys[strings.ToLower(v)]) {
			return true
		}
	}
	if len(text) > maxTextRunes*utf8.UTFMax {
		return false
	}
	text = strings.Join(strings.Fields(strings.ToLower(strings.Trim(text, " \t\r\n.!»›→×"))), " ")
	return saysLeave[text]
}

// leaves says whether a word of an address is one for logging out.
func leaves(s string) bool {
	if len(s) > 64 {
		return false
	}
	s = strings.ToLower(s)
	if i := strings.LastIndexByte(s, '.'); i > 0 && len(s)-i <= 7 {
		switch s[i+1:] {
		case "php", "asp", "aspx", "jsp", "do", "action", "cgi", "html", "htm", "jsf", "cfm", "pl":
			s = s[:i]
		}
	}
	words := strings.FieldsFunc(s, func(r rune) bool { return !unicode.IsLetter(r) })
	n := len(words)
	if n == 0 || n > 3 {
		return false
	}
	last := words[n-1]
	if leaveWords[last] || n > 1 && leaveWords[words[n-2]+last] {
		return true
	}
	for _, begin := range []string{"logout", "signout"} { // logoutAction, logoutUser
		if n == 1 && strings.HasPrefix(last, begin) && len(last) <= len(begin)+8 {
			return true
		}
	}
	return strings.HasSuffix(last, "logout") // userlogout
}

func words(list string) map[string]bool {
	out := map[string]bool{}
	for w := range strings.SplitSeq(list, ",") {
		out[w] = true
	}
	return out
}

var (
	leaveWords = words("logout,logoff,signout,signoff,logmeout,endsession,abmelden,ausloggen,deconnexion,déconnexion,deconnecter," +
		"cerrarsesion,cerrarsesión,desconectar,terminarsessao,uitloggen,afmelden,wyloguj,odhlasit,odhlasenie,kijelentkezes,loggaut,loggut,logud,cikis")
	destroys = words("delete,remove,destroy,unsubscribe,deactivate,purge,delete-account,delete_account,deleteaccount,close-account,cancel-account")
	acts     = words("action,act,do,op,cmd,command,task,mode,method,_method,func,function,event,a")
	searches = words("q,query,search,s,keyword,keywords,text,term,title_search,redirect,redirect_to,return,return_to,returnto,next,url,back")

	saysLeave = words("log out,logout,log off,logoff,sign out,signout,sign off,end session,delete,delete account,unsubscribe," +
		"abmelden,ausloggen,konto löschen,se déconnecter,déconnexion,me déconnecter,cerrar sesión,cerrar sesion,desconectarse,salir," +
		"terminar sessão,encerrar sessão,sair,esci,disconnetti,uitloggen,afmelden,wyloguj,wyloguj się,odhlásit,odhlásit se,odhlásiť sa," +
		"kijelentkezés,deconectare,logga ut,logg ut,log ud,kirjaudu ulos,çıkış,çıkış yap,oturumu kapat,αποσύνδεση,выйти,выход,вийти,вихід," +
		"تسجيل الخروج,خروج,התנתקות,התנתק,ログアウト,サインアウト,로그아웃,退出,退出登录,登出,注销,đăng xuất,ออกจากระบบ,keluar,लॉग आउट")
)
