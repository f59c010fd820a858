package main

// syncDir has the names in a directory be on disk. Windows writes them with the files.
func syncDir(string) error { return nil }
