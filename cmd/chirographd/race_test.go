//go:build race

package main

const raced = true // everything is slower, and takes more memory
