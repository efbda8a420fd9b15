package login

import (
	"testing"

	"github.com/trawlsearch/trawl/crawl/fetch"
	"github.com/trawlsearch/trawl/weburl"
)

// TestIsLogout: row N05.
func TestIsLogout(t *testing.T) {
	check := func(address, text string, want bool) {
		t.Helper()
		u, err := weburl.Parse("http://a.test" + address)
		if err != nil {
			t.Fatal(err)
		}
		if IsLogout(u, text) != want {
			t.Errorf("%s %q: %v", address, text, !want)
		}
	}
	for _, a := range []string{
		"/logout", "/Logout.php", "/user/logout/", "/sign-out", "/sign_out?x", "/account/signout", "/log-off.aspx", "/logoff", "/users/sign_out",
		"/auth/logout?token=abc", "/wp-login.php?action=logout&_wpnonce=1", "/index.php?title=Special:UserLogout", "/wiki/Special:UserLogout",
		"/?logout", "/?logout=1", "/x?do=logout&sectok=", "/?op=signout", "/logoutUser.do", "/do_logout", "/n/logout/17", "/%6Cogout", "/abmelden", "/se-deconnecter/deconnexion",
		"/posts/5/delete", "/delete/5", "/delete?id=5", "/x?action=delete&id=3", "/remove", "/account/delete-account", "/list/unsubscribe", "/a?cmd=remove", "/user-logout",
		"/api/auth.logout", "/logmeout", "/log-me-out/logout",
	} {
		check(a, "", true)
	}
	for _, a := range []string{
		"/", "/login", "/docs/how-to-log-out-safely", "/blog/logout-button-design", "/docs/sql/delete.html", "/docs/delete-statement", "/search?q=logout", "/search?q=delete",
		"/login?next=/logout", "/shout", "/catalogue/layout", "/checkout", "/turnout", "/signup", "/signature/out", "/deleted-scenes", "/remove-stains", "/x?sort=delete", "/outlog", "/logs",
	} {
		check(a, "", false)
	}
	for _, s := range []string{"Log out", " Sign  Out ", "LOGOUT", "Abmelden", "Se déconnecter", "Выйти", "ログアウト", "退出登录", "Delete", "Cerrar sesión »", "Çıkış yap"} {
		check("/x", s, true)
	}
	for _, s := range []string{"", "Login", "How to log out", "Deleted", "Exit strategies", "About"} {
		check("/x", s, false)
	}
}

func FuzzForms(f *testing.F) {
	f.Add("<form method=post action=/x><input name=u><input type=password name=p><select name=s><option value=1></form>")
	f.Add("<form><textarea name=t>x</textarea><button name=b></form><base href=http://b.test/><form id=a>")
	page, err := weburl.Parse("http://a.test/login")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body string) {
		forms := parseForms(page, []byte(body))
		n := 0
		for _, x := range forms {
			n += len(x.fields)
			for _, in := range x.fields {
				if in.name == "" || len(in.name)+len(in.value) > maxFieldBytes {
					t.Errorf("%+v", in)
				}
			}
		}
		if len(forms) > maxForms+1 || n > maxFields {
			t.Errorf("%d forms, %d fields", len(forms), n)
		}
		if x := pick(forms, ""); x != nil {
			if _, err := x.fill(Config{User: "u"}, fetch.NewSecret("p")); err != nil && x.index("password") < 0 {
				t.Error(err)
			}
		}
		u, err := page.Join(body)
		if err == nil {
			IsLogout(u, body)
		}
	})
}
