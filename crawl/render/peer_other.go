//go:build !linux

package render

import "net"

type own struct{ net.Listener }
