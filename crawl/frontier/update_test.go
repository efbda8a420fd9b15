package frontier

import "flag"

var update = flag.Bool("update", false, "rewrite the goldens in testdata")
