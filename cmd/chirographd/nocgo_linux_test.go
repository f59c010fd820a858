//go:build !cgo

package main

const storeApart = false // the store's cache and tables are Go's memory too
