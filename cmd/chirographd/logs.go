package main

import (
	"fmt"
	"io"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/chirograph/chirograph/cmd/commands"
)

// logging is how what goes on is written to standard error.
type logging struct{ format, level string }

func (f *logging) flags(c *cobra.Command) {
	c.Flags().StringVar(&f.format, "log-format", "text", "log as `FORMAT`, text or json")
	c.Flags().StringVar(&f.level, "log-level", "info", "log from `LEVEL` on: debug, info, warn or error")
	commands.Values(c, "log-format", "text", "json")
	commands.Values(c, "log-level", "debug", "info", "warn", "error")
}

var logLevels = map[string]slog.Level{"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError}

// logger returns what the flags say. Nothing that is logged names a caller.
func (f *logging) logger(w io.Writer) (*slog.Logger, error) {
	level, ok := logLevels[f.level]
	if !ok {
		return nil, fmt.Errorf("--log-level %q is none of debug, info, warn and error", f.level)
	}
	options := &slog.HandlerOptions{Level: level}
	switch f.format {
	case "text":
		return slog.New(slog.NewTextHandler(w, options)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(w, options)), nil
	}
	return nil, fmt.Errorf("--log-format %q is neither text nor json", f.format)
}
