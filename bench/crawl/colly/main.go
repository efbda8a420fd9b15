// Command colly crawls as colly's examples do: robots.txt obeyed, fragments stripped,
// nothing kept.
package main

import (
	"flag"
	"fmt"
	"net/url"
	"os"
	"sync/atomic"
	"time"

	"github.com/gocolly/colly/v2"
)

func main() {
	parallel := flag.Int("parallel", 8, "requests at a time")
	flag.Parse()
	var hosts []string
	for _, s := range flag.Args() {
		u, err := url.Parse(s)
		if err != nil {
			fmt.Fprintln(os.Stderr, "colly:", err)
			os.Exit(1)
		}
		hosts = append(hosts, u.Hostname())
	}
	c := colly.NewCollector(colly.Async(true), colly.AllowedDomains(hosts...))
	c.IgnoreRobotsTxt = false
	if err := c.Limit(&colly.LimitRule{DomainGlob: "*", Parallelism: *parallel}); err != nil {
		fmt.Fprintln(os.Stderr, "colly:", err)
		os.Exit(1)
	}
	var fetched, bytes atomic.Int64
	c.OnResponse(func(r *colly.Response) {
		fetched.Add(1)
		bytes.Add(int64(len(r.Body)))
	})
	c.OnHTML("a[href]", func(e *colly.HTMLElement) {
		u, err := url.Parse(e.Request.AbsoluteURL(e.Attr("href")))
		if err != nil {
			return
		}
		u.Fragment = ""
		_ = e.Request.Visit(u.String()) // most were visited
	})
	start := time.Now()
	for _, s := range flag.Args() {
		_ = c.Visit(s)
	}
	c.Wait()
	fmt.Printf("{\"fetched\":%d,\"documents\":%d,\"bytes\":%d,\"seconds\":%.3f}\n", fetched.Load(), fetched.Load(), bytes.Load(), time.Since(start).Seconds())
}
