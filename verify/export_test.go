package verify

// Met says whether the witnesses of these names make the policy's quorum.
func (p *Policy) Met(cosigned map[string]bool) bool { return p.met(cosigned) }
