//go:build cgo

package main

const storeApart = true // the store's cache and tables are not Go's memory
