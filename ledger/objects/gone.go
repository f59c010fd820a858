package objects

import "fmt"

// A goneError is an ErrFenced of a head that nobody has: it is not there any more.
type goneError struct{ absent error }

func (e *goneError) Error() string   { return fmt.Sprintf("the head of the log is gone: %v", e.absent) }
func (e *goneError) Unwrap() []error { return []error{ErrFenced, e.absent} }
