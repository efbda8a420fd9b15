package query

// group is the tree of nodes side by side: what has a plus or restricts a field is
// required, what has a minus forbidden, and of the rest at least one is required
// unless something has a plus.
func group(parts []Node) Node {
	var required, optional, forbidden []Node
	plus := false
	for _, n := range parts {
		switch n := n.(type) {
		case must:
			required = append(required, n.Node)
			plus = true
		case Not:
			forbidden = append(forbidden, n)
		default:
			if restricts(n) {
				required = append(required, n)
				continue
			}
			optional = append(optional, n)
		}
	}
	if len(optional) > 0 {
		if n := newOr(optional); plus {
			required = append(required, Optional{n})
		} else {
			required = append(required, n)
		}
	}
	return newAnd(append(required, forbidden...))
}

// restricts tells whether a node says where to look: all of its words name a field.
func restricts(n Node) bool {
	switch n := n.(type) {
	case Term:
		return n.Field != ""
	case Phrase:
		return n.Field != ""
	case Prefix:
		return n.Field != ""
	case Wildcard:
		return n.Field != ""
	case Fuzzy:
		return n.Field != ""
	case Not, Range:
		return true
	case And:
		return all(n.Nodes, restricts)
	case Or:
		return all(n.Nodes, restricts)
	}
	return false
}

func all(nodes []Node, f func(Node) bool) bool {
	for _, n := range nodes {
		if !f(n) {
			return false
		}
	}
	return true
}

func negate(n Node) Node {
	if not, ok := n.(Not); ok {
		return not.Node
	}
	return Not{n}
}

// newOr is the Or of nodes, without Ors among them.
func newOr(nodes []Node) Node {
	var flat []Node
	for _, n := range nodes {
		if or, ok := n.(Or); ok {
			flat = append(flat, or.Nodes...)
			continue
		}
		flat = append(flat, n)
	}
	switch len(flat) {
	case 0:
		return None{}
	case 1:
		return flat[0]
	}
	return Or{flat}
}

// newAnd is the And of nodes, without Ands among them, in the order that And names.
func newAnd(nodes []Node) Node {
	var required, optional, forbidden []Node
	var sort func([]Node)
	sort = func(nodes []Node) {
		for _, n := range nodes {
			switch n := n.(type) {
			case And:
				sort(n.Nodes)
			case Not:
				forbidden = append(forbidden, n)
			case Optional:
				optional = append(optional, n.Node)
			default:
				required = append(required, n)
			}
		}
	}
	sort(nodes)
	if len(optional) > 0 {
		if len(required) == 0 {
			required = append(required, newOr(optional))
		} else {
			required = append(required, Optional{newOr(optional)})
		}
	}
	flat := append(required, forbidden...)
	switch len(flat) {
	case 0:
		return None{}
	case 1:
		return flat[0]
	}
	return And{flat}
}

// depth counts the nodes from n to its farthest word.
func depth(n Node) int {
	deepest := 0
	for _, c := range children(n) {
		deepest = max(deepest, depth(c))
	}
	return deepest + 1
}

func children(n Node) []Node {
	switch n := n.(type) {
	case And:
		return n.Nodes
	case Or:
		return n.Nodes
	case Not:
		return []Node{n.Node}
	case Optional:
		return []Node{n.Node}
	}
	return nil
}

// prune drops what is deeper than limit; None if nothing is left.
func prune(n Node, limit int) Node {
	if limit == 0 {
		return None{}
	}
	var kept []Node
	for _, c := range children(n) {
		if c = prune(c, limit-1); c != (Node)(None{}) {
			kept = append(kept, c)
		}
	}
	switch n.(type) {
	case And:
		return newAnd(kept)
	case Or:
		return newOr(kept)
	case Not, Optional:
		if len(kept) == 0 {
			return None{}
		}
		if _, ok := n.(Not); ok {
			return negate(kept[0])
		}
		return Optional{kept[0]}
	}
	return n
}
