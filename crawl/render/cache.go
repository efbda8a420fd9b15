package render

import (
	"container/list"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/trawlsearch/trawl/crawl/fetch"
)

const (
	// cacheBytes bounds the shared cache, cacheEntry one of its answers.
	cacheBytes = 64 << 20
	cacheEntry = 4 << 20
	// cacheMin and cacheMax bound how long an answer is kept, whatever it says:
	// a site is asked for its script bundle once, not once for each page.
	cacheMin = 10 * time.Minute
	cacheMax = time.Hour
)

// A cache keeps scripts and styles for all pages of a pool. The
// browsers' own caches are those of a few pages of one origin.
type cache struct {
	mu    sync.Mutex
	bytes int
	items map[cacheKey]*list.Element
	order list.List // of *cacheItem, the last used first
}

// A cacheKey is an address with what answers most often vary by.
type cacheKey struct{ url, origin string }

type cacheItem struct {
	key     cacheKey
	resp    *fetch.Response
	expires time.Time
}

func newCache() *cache { return &cache{items: map[cacheKey]*list.Element{}} }

func (c *cache) get(key cacheKey) *fetch.Response {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.items[key]
	if e == nil {
		return nil
	}
	item := e.Value.(*cacheItem)
	if time.Now().After(item.expires) {
		c.remove(e)
		return nil
	}
	c.order.MoveToFront(e)
	return item.resp
}

// put keeps an answer if it is one that any visitor would get.
func (c *cache) put(key cacheKey, resp *fetch.Response) {
	ttl, ok := keep(resp)
	if !ok {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.items[key]; e != nil {
		c.remove(e)
	}
	c.items[key] = c.order.PushFront(&cacheItem{key: key, resp: resp, expires: time.Now().Add(ttl)})
	for c.bytes += len(resp.Body); c.bytes > cacheBytes; {
		c.remove(c.order.Back())
	}
}

func (c *cache) remove(e *list.Element) {
	item := c.order.Remove(e).(*cacheItem)
	delete(c.items, item.key)
	c.bytes -= len(item.resp.Body)
}

// keep says whether an answer may be given to other pages, and how long.
func keep(resp *fetch.Response) (time.Duration, bool) {
	h := resp.Header
	control := strings.ToLower(strings.Join(h.Values("Cache-Control"), ","))
	if resp.Status != http.StatusOK || resp.Truncated || len(resp.Body) > cacheEntry || len(h["Set-Cookie"]) > 0 ||
		strings.Contains(control, "no-store") || strings.Contains(control, "private") || h.Get("Vary") == "*" {
		return 0, false
	}
	media := strings.ToLower(h.Get("Content-Type"))
	if !strings.Contains(media, "javascript") && !strings.Contains(media, "ecmascript") && !strings.HasPrefix(media, "text/css") && !strings.HasPrefix(media, "application/wasm") {
		return 0, false
	}
	age := time.Duration(0)
	if _, v, ok := strings.Cut(control, "max-age="); ok {
		v, _, _ = strings.Cut(v, ",")
		seconds, _ := strconv.Atoi(strings.TrimSpace(v))
		age = time.Duration(min(max(seconds, 0), int(cacheMax/time.Second))) * time.Second
	}
	return max(age, cacheMin), true
}
