package login

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/trawlsearch/trawl/crawl/fetch"
	"github.com/trawlsearch/trawl/weburl"
)

const (
	maxTokenBytes = 64 << 10
	maxTokenLife  = 24 * time.Hour
)

// An oauth gets tokens for client credentials (RFC 6749, 4.4) and a new one
// before the last is over.
type oauth struct {
	keeper
	cfg      Config
	origins  []string
	endpoint weburl.URL
	secret   fetch.Secret
	token    fetch.Secret // mu guards it
}

func newOAuth(cfg Config, origins []string, secret fetch.Secret, log *slog.Logger) (*oauth, error) {
	o := &oauth{cfg: cfg, origins: origins, secret: secret}
	var err error
	if o.endpoint, err = weburl.Parse(cfg.URL); err != nil || !o.endpoint.IsWeb() {
		return nil, fmt.Errorf("url %q: want the address of the token endpoint", cfg.URL)
	}
	o.keeper = newKeeper(o.endpoint.Origin(), log, o.login)
	return o, nil
}

func (o *oauth) Origins() []string { return o.origins }

// Sign adds a token that holds.
func (o *oauth) Sign(ctx context.Context, send fetch.Sender, _ weburl.URL, h http.Header) (fetch.SessionID, error) {
	n, err := o.ensure(ctx, send)
	if err != nil {
		return 0, err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	h.Set("Authorization", "Bearer "+o.token.Reveal())
	return n, nil
}

// Answered gets a new token where the last is refused.
func (o *oauth) Answered(ctx context.Context, send fetch.Sender, n fetch.SessionID, resp *fetch.Response) (bool, error) {
	if resp.Status == http.StatusUnauthorized {
		return o.renew(ctx, send, n)
	}
	if resp.Status < 400 {
		o.heard(n)
	}
	return false, nil
}

// login asks for a token.
func (o *oauth) login(ctx context.Context, send fetch.Sender) error {
	form := url.Values{"grant_type": {"client_credentials"}}
	if len(o.cfg.Scopes) > 0 {
		form.Set("scope", strings.Join(o.cfg.Scopes, " "))
	}
	for _, name := range slices.Sorted(maps.Keys(o.cfg.Fields)) {
		form.Set(name, o.cfg.Fields[name])
	}
	h := http.Header{}
	if o.cfg.AuthBody {
		form.Set("client_id", o.cfg.User)
		form.Set("client_secret", o.secret.Reveal())
	} else {
		// Both are form-encoded first (RFC 6749, 2.3.1).
		pair := url.QueryEscape(o.cfg.User) + ":" + url.QueryEscape(o.secret.Reveal())
		h.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(pair)))
	}
	resp, err := send(ctx, fetch.Request{URL: o.endpoint, Accept: "application/json", Header: h, Post: fetch.NewSecret(form.Encode())})
	if err != nil {
		return fmt.Errorf("token endpoint: %w", err)
	}
	var answer struct {
		Token   string          `json:"access_token"`
		Type    string          `json:"token_type"`
		Expires json.RawMessage `json:"expires_in"` // a number, of some servers a string
		Error   string          `json:"error"`
	}
	bad := len(resp.Body) > maxTokenBytes || json.Unmarshal(resp.Body, &answer) != nil
	switch {
	case resp.Status != http.StatusOK && !bad && plain(answer.Error):
		return fmt.Errorf("%w (%s)", unusable(resp, "the token endpoint"), answer.Error)
	case resp.Status != http.StatusOK:
		return unusable(resp, "the token endpoint")
	case bad, answer.Token == "", strings.ContainsAny(answer.Token, "\r\n"):
		return errors.New("the token endpoint gave no token")
	case answer.Type != "" && !strings.EqualFold(answer.Type, "bearer"):
		return errors.New("the token is not for Bearer")
	}
	var ends time.Time
	if life, err := time.ParseDuration(strings.Trim(string(answer.Expires), `"`) + "s"); err == nil && life > 0 {
		life = min(life, maxTokenLife)
		ends = time.Now().Add(life - min(30*time.Second, life/10)) // a request takes its time
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.token, o.ends = fetch.NewSecret(answer.Token), ends
	return nil
}

// plain says whether a word of a server may stand in an error.
func plain(word string) bool {
	return word != "" && len(word) <= 64 && strings.Trim(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == ""
}
