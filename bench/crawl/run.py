"""Crawls fixtures with each engine and prints the table of ../shared/specs/crawler.md 3.2.

Fixture A: python3.11-doc, postgresql-doc-15, openjdk-17-doc: 11,833 pages of 28 KB, many links, 3 hosts.
Fixture B: postgresql-doc-15 on 8 hosts: 9,352 pages of 14 KB.

Servers share the machine; their CPU is not counted. Pages are those of the folders that answer 200; what no link leads to
is not among them (lists: sitestats.jsonl, "reachable").
"""
import argparse, collections, json, os, resource, shutil, statistics, subprocess, sys, tempfile, time

here = os.path.dirname(os.path.abspath(__file__))
main = os.path.dirname(os.path.dirname(here))
port = "8413"
doc = "usr/share/doc/"
sites = {
    "A": [("python3.11-doc", doc + "python3.11/html", "index.html", 527), ("postgresql-doc-15", doc + "postgresql-doc-15/html", "index.html", 1169),
          ("openjdk-17-doc", doc + "openjdk-17-jre-headless", "api/index.html", 10137)],
    "B": [("postgresql-doc-15", doc + "postgresql-doc-15/html", "index.html", 1169)] * 8,
}


def build(work):
    env = dict(os.environ, CGO_ENABLED="0")
    for out, pkg, where in [("devsite", "./internal/devsite", main), ("trawl", "./internal/crawlrun", main), ("colly", "./crawl/colly", main + "/bench")]:
        subprocess.run(["go", "build", "-o", os.path.join(work, out), pkg], cwd=where, env=env, check=True)


def serve(work, fixture, cache):
    packages = sorted({p for p, _, _, _ in sites[fixture]})
    root = subprocess.run([main + "/scripts/packages.sh", cache] + packages, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    args, seeds = [], []
    for i, (_, folder, index, _) in enumerate(sites[fixture]):
        host = "127.0.1.%d" % (i + 1)
        args.append("%s=%s/%s" % (host, root, folder))
        seeds.append("http://%s:%s/%s" % (host, port, index))
    log = os.path.join(work, "requests.log")
    server = subprocess.Popen([os.path.join(work, "devsite"), "--listen", "127.0.0.1:" + port, "--log", log] + args)
    time.sleep(.5)
    return server, log, seeds


def run(work, engine, seeds, flags, again=False, parallel=8):
    state = os.path.join(work, "state")
    if engine == "trawl":
        if not again:
            shutil.rmtree(state, ignore_errors=True)
        cmd = [os.path.join(work, "trawl"), "--dir", state, "--parallel", str(parallel)] + flags + (["--again"] if again else []) + seeds
    else:
        cmd = [os.path.join(work, "colly"), "--parallel", str(parallel)] + seeds
    start = time.time()
    p = subprocess.Popen(cmd, stdout=subprocess.PIPE, text=True)
    out = p.stdout.read()
    _, status, usage = os.wait4(p.pid, 0)
    if status:
        sys.exit("%s failed" % engine)
    r = json.loads(out)
    r.update(cpu=usage.ru_utime + usage.ru_stime, rss=usage.ru_maxrss / 1024, wall=time.time() - start)
    return r


def requests(log, offset):
    """What the server was asked for since offset, and where the log ends now."""
    got, ok = collections.Counter(), set()
    with open(log) as f:
        f.seek(offset)
        for line in f:
            status, host, target = line.split(" ", 2)
            target = target.rstrip("\n").split("?")[0]
            got[host, target] += 1
            if status == "200" and (target.endswith((".html", ".htm", "/"))):
                ok.add((host, target))
        return got, ok, f.tell()


def main_():
    p = argparse.ArgumentParser(prog="bench/crawl.sh", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--fixtures", default="A,B", help="A, B or both")
    p.add_argument("--engines", default="trawl,colly")
    p.add_argument("--rounds", type=int, default=3, help="runs of each, interleaved; the median counts")
    p.add_argument("--parallel", type=int, default=8, help="requests at a host (trawl), at all (colly)")
    p.add_argument("--cache", default=os.environ.get("TRAWL_CRAWL_CACHE", "/tmp/trawl-sites"), help="folder of unpacked packages")
    a = p.parse_args()
    work = tempfile.mkdtemp(prefix="trawl-crawl-")
    try:
        build(work)
        print("| fixture | engine | pages found / real | fetched twice | pages/s | CPU s per 1,000 | peak memory, MB | bytes, MB |")
        print("|---|---|---|---|---|---|---|---|")
        for fixture in a.fixtures.split(","):
            measure(work, fixture, a)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def measure(work, fixture, a):
    real = sum(n for _, _, _, n in sites[fixture])
    server, log, seeds = serve(work, fixture, a.cache)
    rows, offset = collections.defaultdict(list), 0
    flags = ["--keep-duplicates"] if fixture == "B" else []  # its hosts are copies of one site
    try:
        for _ in range(a.rounds):
            for engine in a.engines.split(","):
                r = run(work, engine, seeds, flags, parallel=a.parallel)
                got, ok, offset = requests(log, offset)
                r["found"], r["twice"] = len(ok), sum(n - 1 for n in got.values())
                r["asked"] = sum(got.values())
                rows[engine].append(r)
                if engine == "trawl":
                    s = run(work, engine, seeds, flags, again=True, parallel=a.parallel)
                    _, _, offset = requests(log, offset)
                    s["share"] = s["bytes"] / max(1, r["bytes"])
                    rows["again"].append(s)
    finally:
        server.kill()
        server.wait()
    mid = lambda list, key: statistics.median(r[key] for r in list)
    for engine in a.engines.split(","):
        l = rows[engine]
        print("| %s | %s | %d / %d (%.1f %%) | %.2f %% | %.0f | %.2f | %.0f | %.0f |" % (
            fixture, engine, mid(l, "found"), real, 100 * mid(l, "found") / real, 100 * mid(l, "twice") / mid(l, "asked"),
            statistics.median(r["fetched"] / r["seconds"] for r in l), statistics.median(1000 * r["cpu"] / r["fetched"] for r in l),
            max(r["rss"] for r in l), mid(l, "bytes") / 1e6))
        if engine == "trawl":
            l = rows["again"]
            print("| %s | trawl, again | %d documents | | %.0f | %.2f | %.0f | %.1f (%.2f %% of the first) |" % (
                fixture, mid(l, "documents"), statistics.median(r["fetched"] / r["seconds"] for r in l),
                statistics.median(1000 * r["cpu"] / r["fetched"] for r in l), max(r["rss"] for r in l), mid(l, "bytes") / 1e6, 100 * mid(l, "share")))
    sys.stdout.flush()


main_()
