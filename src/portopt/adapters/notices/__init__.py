"""Where notices go beside the local log: a webhook, a mailbox."""
