#!/usr/bin/env bash
# The validators of the deployment's files that no Python package brings, for this run. Source it:
#   . .ci/tools.sh         builds the reference reader of compose files (Go) and takes promtool and prometheus out of Debian's
#                          package and axe-core out of its own where they are missing, keeps them in the cache, exports
#                          PORTOPT_TEST_COMPOSE, PORTOPT_TEST_PROMTOOL, PORTOPT_TEST_PROMETHEUS and PORTOPT_TEST_AXE.

TOOLS="${XDG_CACHE_HOME:-$HOME/.cache}/portopt/tools"
AXE=4.10.3
AXE_SHA256=880970c081707360e64f34cea25ff91892f5bc95675b0776925b9709dd8a68bb
COMPOSE_GO=github.com/compose-spec/compose-go/v2/cmd@v2.16.2

install_go() {  # Debian's, where there is none that is new enough for what is built
  if command -v go >/dev/null; then return; fi
  echo "installing Go …"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends golang-go >/dev/null
}

compose_reader() {
  if [ -x "$TOOLS/compose-2.16.2" ]; then return; fi
  install_go
  echo "building the reader of compose files …"
  GOBIN="$TOOLS/bin" go install "$COMPOSE_GO" && mv "$TOOLS/bin/cmd" "$TOOLS/compose-2.16.2"
}

prometheus_tools() {  # promtool, and the server itself, which is never installed: that would start it
  if [ -x "$TOOLS/promtool" ] && [ -x "$TOOLS/prometheus" ]; then return; fi
  echo "fetching prometheus and promtool …"
  local place
  place=$(mktemp -d)
  (cd "$place" && apt-get -qq download prometheus >/dev/null 2>&1 && dpkg -x prometheus_*.deb . &&
    mv usr/bin/promtool "$TOOLS/promtool" && mv usr/bin/prometheus "$TOOLS/prometheus")
  rm -rf "$place"
}

axe_core() {  # what looks at pages for whoever cannot see them, or has no mouse
  if [ -f "$TOOLS/axe-$AXE.js" ]; then return; fi
  echo "fetching axe-core …"
  local place
  place=$(mktemp -d)
  (cd "$place" && npm pack --silent "axe-core@$AXE" >/dev/null && tar -xzf axe-core-*.tgz package/axe.min.js &&
    echo "$AXE_SHA256  package/axe.min.js" | sha256sum --quiet -c && mv package/axe.min.js "$TOOLS/axe-$AXE.js")
  rm -rf "$place"
}

mkdir -p "$TOOLS"
compose_reader || echo "no reader of compose files could be built" >&2
prometheus_tools || echo "prometheus and promtool could not be fetched" >&2
axe_core || echo "axe-core could not be fetched" >&2
if [ -x "$TOOLS/compose-2.16.2" ]; then export PORTOPT_TEST_COMPOSE="$TOOLS/compose-2.16.2"; fi
if [ -x "$TOOLS/promtool" ]; then export PORTOPT_TEST_PROMTOOL="$TOOLS/promtool"; fi
if [ -x "$TOOLS/prometheus" ]; then export PORTOPT_TEST_PROMETHEUS="$TOOLS/prometheus"; fi
if [ -f "$TOOLS/axe-$AXE.js" ]; then export PORTOPT_TEST_AXE="$TOOLS/axe-$AXE.js"; fi
