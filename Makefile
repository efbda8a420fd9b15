# Two commands do all set-up: `make run` shows Trawl on real pages in a browser,
# `make test` runs every test. Each installs what it needs.

.PHONY: build run test check sites clean

build:
	@mkdir -p bin
	go build -trimpath -o bin/trawl ./cmd/trawl

# make run                 the 1,169 pages of postgresql-doc-15, served on loopback
# make run SITE=https://…  any site
run: build
	@scripts/run.sh $(SITE)

# make sites               43 documentation sites, 108,697 pages, crawled in one go and held to a walk along their links
sites:
	@scripts/sites.sh

test:
	@scripts/test.sh

check:
	@scripts/check.sh

clean:
	rm -rf bin tmp
