//go:build !race

package watch

// turns is how often a watcher looks in what stands for months.
const turns = 2000
