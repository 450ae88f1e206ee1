"""Other engines, asked the same question: each formulates it anew, from what the auditor's voices say of it."""
