"""Where the keys come from that an issuer signs its tokens with."""
