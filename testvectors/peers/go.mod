module github.com/chirograph/chirograph/testvectors/peers

go 1.26.4

require (
	filippo.io/mostly-harmless/ed25519vectors v0.0.0-20210322192420-30a2d7243a94
	filippo.io/torchwood v0.9.1-0.20260706112420-c22a68158d96
	github.com/c2sp/wycheproof v0.0.0-20260902155932-3fa63dd0344a
	github.com/chirograph/chirograph v0.0.0
	github.com/transparency-dev/formats v0.1.1
	golang.org/x/mod v0.42.0
	pgregory.net/rapid v1.3.0
)

require (
	filippo.io/edwards25519 v1.2.0 // indirect
	filippo.io/mldsa v0.0.0-20260215214346-43d0283efc3e // indirect
	github.com/transparency-dev/merkle v0.0.2 // indirect
	golang.org/x/crypto v0.58.0 // indirect
	golang.org/x/sync v0.21.0 // indirect
)

replace github.com/chirograph/chirograph => ../..
