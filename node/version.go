package node

// Version names this build.
const Version = "0.1.0"

const defaultUserAgent = "Trawl/" + Version + " (+https://github.com/trawlsearch/trawl)"
