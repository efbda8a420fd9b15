"""Runs the crawl of scripts/sites.sh and prints its tables."""
import collections, json, resource, subprocess, sys

work, cmd = sys.argv[1], sys.argv[2:]
with open(work + "/out", "w") as out:
    code = subprocess.call(cmd, stdout=out)
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
if code:
    sys.exit(code)

sites = {}  # "host/path" -> package; the longest that fits counts
for line in open(work + "/list"):
    package, where, _ = line.rstrip("\n").split("\t")
    sites[where.split("=")[0]] = package


def site(address):
    at = address.split("://", 1)[1]
    best = max((s for s in sites if at.startswith(s + "/")), key=len, default="")
    return sites.get(best, "?")


asked, ok = collections.Counter(), set()
for line in open(work + "/requests"):
    status, host, target = line.rstrip("\n").split(" ", 2)
    asked[host + target] += 1
    if status == "200":
        ok.add("http://" + host + target.split("?")[0])

head, became = None, {}
for line in open(work + "/out"):
    if head is None:
        head = json.loads(line)
        continue
    address, state, reason = line.rstrip("\n").split("\t")
    became[address] = (state, reason)

rows, kinds = collections.defaultdict(collections.Counter), collections.defaultdict(list)
parent = dict(line.rstrip("\n").split("\t", 1) for line in open(work + "/truth"))
for address in parent:
    name, (state, reason) = site(address), became[address]
    row, fetched = rows[name], address in ok
    row["real"] += 1
    row["fetched"] += fetched
    row["documents"] += fetched and state == "done"
    if not fetched or state != "done":
        kinds[name, fetched, (state + " " + reason.split(" ")[0]).strip()].append(address)


def why(name, fetched):
    found = collections.Counter()
    for (n, f, kind), addresses in kinds.items():
        if f == fetched and name in (n, None):
            found[kind] += len(addresses)
    return "; ".join("%d %s" % (n, kind) for kind, n in found.most_common())


print("| site | pages | fetched | documents | fetched, but no document, and why | not fetched, and why |")
print("|---|---|---|---|---|---|")
total = collections.Counter()
for name in sorted(rows):
    row = rows[name]
    total.update(row)
    print("| %s | %d | %d | %d | %s | %s |" % (name, row["real"], row["fetched"], row["documents"], why(name, True), why(name, False)))
print("| all | %d | %d (%.3f %%) | %d | %s | %s |" % (
    total["real"], total["fetched"], 100 * total["fetched"] / max(1, total["real"]), total["documents"], why(None, True), why(None, False)))
twice = sum(n - 1 for n in asked.values())
print("\n%d requests in %.0f s, %.0f pages/s, CPU %.2f s per 1,000, peak memory %.0f MB, %.2f %% asked for twice, %.0f MB" % (
    sum(asked.values()), head["seconds"], head["fetched"] / head["seconds"], 1000 * (usage.ru_utime + usage.ru_stime) / max(1, head["fetched"]),
    usage.ru_maxrss / 1024, 100 * twice / max(1, sum(asked.values())), head["bytes"] / 1e6))
print("\npages that were not fetched, at most five of a kind, and what became of a page that links to them:")
for (name, fetched, kind), addresses in sorted(kinds.items()):
    if fetched:
        continue
    print("%s: %s, %d" % (name, kind, len(addresses)))
    for address in addresses[:5]:
        print("    %s  %s  <- %s  %s" % (address, became[address][1], parent[address], " ".join(became.get(parent[address], ("",)))))
