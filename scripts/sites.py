"""Runs the crawl of scripts/sites.sh and prints its tables."""
import collections, json, os, resource, subprocess, sys, time

work, cmd = sys.argv[1], sys.argv[2:]
start = time.time()
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

rows, missed = collections.defaultdict(collections.Counter), collections.defaultdict(list)
parent = dict(line.rstrip("\n").split("\t", 1) for line in open(work + "/truth"))
for address in parent:
    row = rows[site(address)]
    row["real"] += 1
    state, reason = became[address]
    row["fetched"] += address in ok
    row[state] += 1
    if address not in ok:
        missed[site(address), state, reason.split(" ")[0]].append(address)

print("| site | pages | fetched | documents | not fetched, and why |")
print("|---|---|---|---|---|")
total = collections.Counter()
for name in sorted(rows):
    row = rows[name]
    total.update(row)
    why = "; ".join("%d %s %s" % (len(l), s, r) for (n, s, r), l in sorted(missed.items()) if n == name)
    print("| %s | %d | %d | %d | %s |" % (name, row["real"], row["fetched"], row["done"], why))
print("| all | %d | %d (%.2f %%) | %d | %d |" % (total["real"], total["fetched"], 100 * total["fetched"] / max(1, total["real"]), total["done"], total["real"] - total["fetched"]))
twice = sum(n - 1 for n in asked.values())
print("\n%d requests in %.0f s, %.0f pages/s, CPU %.2f s per 1,000, peak memory %.0f MB, %.2f %% asked for twice, %.0f MB" % (
    sum(asked.values()), head["seconds"], head["fetched"] / head["seconds"], 1000 * (usage.ru_utime + usage.ru_stime) / max(1, head["fetched"]),
    usage.ru_maxrss / 1024, 100 * twice / max(1, sum(asked.values())), head["bytes"] / 1e6))
print("\npages that were not fetched, at most five of a kind, with what links to them:")
for (name, state, reason), list in sorted(missed.items()):
    print("%s: %s %s, %d" % (name, state, reason, len(list)))
    for address in list[:5]:
        print("    %s  <- %s  %s" % (address, parent[address], became[address][1]))
