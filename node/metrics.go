package node

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/trawlsearch/trawl/api"
)

// metrics are what /metrics tells, each under trawl_ with its unit.
type metrics struct {
	reg *prometheus.Registry

	requests *prometheus.HistogramVec

	docsIndexed      prometheus.Counter
	eventsUnreadable prometheus.Counter
	logGaps          prometheus.Counter
	logsReplaced     prometheus.Counter
	refreshSeconds   prometheus.Histogram
	commitSeconds    prometheus.Histogram
	logFull          prometheus.Counter
	broker           prometheus.Gauge

	segments    *prometheus.GaugeVec
	mergeFails  *prometheus.GaugeVec
	crawlPages  *prometheus.GaugeVec
	crawlQueued *prometheus.GaugeVec
	crawlFailed *prometheus.GaugeVec
	crawlRanges *prometheus.GaugeVec

	generation *prometheus.GaugeVec
	candidates *prometheus.GaugeVec
}

// latencyBuckets span 0.5 ms to 16 s, each twice the one before.
var latencyBuckets = prometheus.ExponentialBuckets(0.0005, 2, 16)

func newMetrics() *metrics {
	m := &metrics{
		reg: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "trawl_http_request_seconds",
			Help: "Time to answer an HTTP request.", Buckets: latencyBuckets}, []string{"route", "status"}),
		docsIndexed:      prometheus.NewCounter(prometheus.CounterOpts{Name: "trawl_indexer_documents_total", Help: "Events of the log put into shards."}),
		eventsUnreadable: prometheus.NewCounter(prometheus.CounterOpts{Name: "trawl_indexer_unreadable_total", Help: "Events of the log that were corrupt and left out."}),
		logGaps:          prometheus.NewCounter(prometheus.CounterOpts{Name: "trawl_indexer_log_gaps_total", Help: "Times a log was found to lack documents that were not purged; indexing stops there."}),
		logsReplaced:     prometheus.NewCounter(prometheus.CounterOpts{Name: "trawl_indexer_logs_replaced_total", Help: "Logs that were found lost and made anew."}),
		refreshSeconds:   prometheus.NewHistogram(prometheus.HistogramOpts{Name: "trawl_indexer_refresh_seconds", Help: "Time to make new documents visible.", Buckets: latencyBuckets}),
		commitSeconds:    prometheus.NewHistogram(prometheus.HistogramOpts{Name: "trawl_indexer_commit_seconds", Help: "Time to commit a manifest.", Buckets: latencyBuckets}),
		logFull:          prometheus.NewCounter(prometheus.CounterOpts{Name: "trawl_log_full_total", Help: "Times a writer waited because the log of a shard was full."}),
		broker:           prometheus.NewGauge(prometheus.GaugeOpts{Name: "trawl_broker_up", Help: "1 while the broker answers."}),
		segments:         prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "trawl_index_segments", Help: "Segments of a shard."}, []string{"shard"}),
		mergeFails:       prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "trawl_index_merges_failed", Help: "Merges of a shard that failed since it was opened."}, []string{"shard"}),
		crawlPages:       prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "trawl_crawl_pages", Help: "Pages that the crawl of a collection has fetched."}, []string{"collection"}),
		crawlQueued:      prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "trawl_crawl_queued", Help: "Addresses that wait to be fetched."}, []string{"collection"}),
		crawlFailed:      prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "trawl_crawl_failed", Help: "Addresses that could not be fetched."}, []string{"collection"}),
		crawlRanges:      prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "trawl_crawl_ranges", Help: "Ranges of a shared crawl that this process has, of 16."}, []string{"collection"}),
		generation:       prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "trawl_generation_live", Help: "Number of the generation of a collection that searches are answered from."}, []string{"collection"}),
		candidates:       prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "trawl_generation_candidates", Help: "Generations that are not live: being built, or held by the publish guard."}, []string{"collection", "state"}),
	}
	m.reg.MustRegister(m.requests, m.docsIndexed, m.eventsUnreadable, m.logGaps, m.logsReplaced, m.refreshSeconds, m.commitSeconds, m.logFull, m.broker,
		m.segments, m.mergeFails, m.crawlPages, m.crawlQueued, m.crawlFailed, m.crawlRanges, m.generation, m.candidates,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *metrics) handler() http.Handler { return promhttp.HandlerFor(m.reg, promhttp.HandlerOpts{}) }

func (m *metrics) request(route string, status int, took time.Duration) {
	m.requests.WithLabelValues(route, strconv.Itoa(status)).Observe(took.Seconds())
}

func (m *metrics) brokerUp(up bool) {
	v := 0.0
	if up {
		v = 1
	}
	m.broker.Set(v)
}

func (m *metrics) crawl(collection string, st crawlReport) {
	m.crawlPages.WithLabelValues(collection).Set(float64(st.Pages))
	m.crawlQueued.WithLabelValues(collection).Set(float64(st.Queued + st.InFlight))
	m.crawlFailed.WithLabelValues(collection).Set(float64(st.Failed))
	if st.Shared {
		m.crawlRanges.WithLabelValues(collection).Set(float64(len(st.Ranges)))
	}
}

// forget takes back the numbers of a partition that this process has no more.
func (m *metrics) forget(p partition) {
	m.segments.DeleteLabelValues(p.String())
	m.mergeFails.DeleteLabelValues(p.String())
}

// generations tells which generations a collection has.
func (m *metrics) generations(col api.Collection) {
	g := col.Standing()
	building, held := 0.0, 0.0
	switch {
	case g.Building():
		building = 1
	case g.Candidate != nil:
		held = 1
	}
	m.generation.WithLabelValues(col.Name).Set(float64(g.Live.Number))
	m.candidates.WithLabelValues(col.Name, "building").Set(building)
	m.candidates.WithLabelValues(col.Name, "held").Set(held)
}
