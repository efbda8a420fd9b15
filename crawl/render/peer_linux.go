package render

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
)

// own is a listener that hears only what processes of our own user begin: the
// pages' proxy fetches with our address, and perhaps with credentials, and
// other users of the machine could find its port.
type own struct{ net.Listener }

func (l own) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if ours, known := ownPeer(c); ours || !known {
			return c, nil
		}
		c.Close()
	}
}

// ownPeer looks up who holds the other end of a loopback connection. known is
// false where the system does not tell.
func ownPeer(c net.Conn) (ours, known bool) {
	a, ok := c.RemoteAddr().(*net.TCPAddr)
	if !ok || a.IP.To4() == nil {
		return false, false
	}
	ip := a.IP.To4()
	local := fmt.Sprintf("%02X%02X%02X%02X:%04X", ip[3], ip[2], ip[1], ip[0], a.Port) // little-endian machines
	f, err := os.Open("/proc/self/net/tcp")
	if err != nil {
		return false, false
	}
	defer f.Close()
	for sc := bufio.NewScanner(f); sc.Scan(); {
		// sl local rem st tx:rx tr:when retrnsmt uid ...
		if w := strings.Fields(sc.Text()); len(w) > 7 && w[1] == local {
			uid, err := strconv.Atoi(w[7])
			return err == nil && uid == os.Getuid(), err == nil
		}
	}
	return false, false
}
