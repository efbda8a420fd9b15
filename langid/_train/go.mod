module github.com/trawlsearch/trawl/langid/_train

go 1.26.0

require github.com/pemistahl/lingua-go v1.4.0

require (
	github.com/shopspring/decimal v1.3.1 // indirect
	golang.org/x/exp v0.0.0-20261011100332-faecfb24eb49 // indirect
	google.golang.org/protobuf v1.36.12 // indirect
)

require (
	github.com/abadojack/whatlanggo v1.0.1
	github.com/trawlsearch/trawl v0.0.0
)

replace github.com/trawlsearch/trawl => ../..
