#!/usr/bin/env bash
# What the tests need of the machine, for this run alone. Source it:
#   . .ci/services.sh      installs PostgreSQL and Chromium where they are missing (Debian packages); starts a PostgreSQL
#                          server on loopback in a temporary folder as an unprivileged user, exports
#                          PORTOPT_TEST_POSTGRES_URL, stops it all at exit. Chromium is started by the tests themselves.
# A server that is named by PORTOPT_TEST_POSTGRES_URL already is used as it is.

postgres_programs() {  # the newest folder that holds initdb, or nothing
  local found
  if command -v pg_ctl >/dev/null && command -v initdb >/dev/null; then
    dirname "$(readlink -f "$(command -v initdb)")"
    return
  fi
  found=$(find /usr/lib/postgresql -maxdepth 3 -name initdb 2>/dev/null | sort -V | tail -n 1)
  if [ -n "$found" ]; then dirname "$found"; fi
}

as_root() { if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi; }

install_packages() {  # Debian packages, quietly
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq update
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "$@" >/dev/null
}

install_postgres() {
  echo "installing PostgreSQL …"
  # No cluster of the system's own: the tests bring theirs.
  as_root mkdir -p /etc/postgresql-common
  if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
    echo "create_main_cluster = false" | as_root tee /etc/postgresql-common/createcluster.conf >/dev/null
  fi
  install_packages postgresql
}

install_chromium() {  # with letters to draw: the package only recommends a font
  if command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null; then return; fi
  echo "installing Chromium …"
  install_packages chromium fonts-liberation || echo "no Chromium could be installed: the tests in a browser will say so" >&2
}

as_server() {  # PostgreSQL refuses to run as root
  if [ "$(id -u)" -eq 0 ]; then (cd / && runuser -u "$POSTGRES_USER" -- "$@"); else "$@"; fi
}

free_port() { "${PYTHON:-python3}" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

start_postgres() {
  local port options
  POSTGRES_PROGRAMS=$(postgres_programs)
  if [ -z "$POSTGRES_PROGRAMS" ]; then install_postgres; POSTGRES_PROGRAMS=$(postgres_programs); fi
  if [ -z "$POSTGRES_PROGRAMS" ]; then echo "no PostgreSQL could be found or installed" >&2; return 1; fi
  POSTGRES_USER=$(id -un)
  if [ "$(id -u)" -eq 0 ]; then POSTGRES_USER=$(id -un postgres 2>/dev/null || echo nobody); fi
  POSTGRES_HOME=$(mktemp -d)
  if [ "$(id -u)" -eq 0 ]; then chown "$POSTGRES_USER" "$POSTGRES_HOME"; fi
  as_server "$POSTGRES_PROGRAMS/initdb" -D "$POSTGRES_HOME/data" -U portopt -A trust -E UTF8 --locale=C -N >/dev/null
  port=$(free_port)
  options="-c listen_addresses=127.0.0.1 -c port=$port -c unix_socket_directories='' -c fsync=off -c max_connections=60"
  as_server "$POSTGRES_PROGRAMS/pg_ctl" -D "$POSTGRES_HOME/data" -l "$POSTGRES_HOME/log" -w -t 60 -o "$options" start >/dev/null ||
    { cat "$POSTGRES_HOME/log" >&2; return 1; }
  export PORTOPT_TEST_POSTGRES_URL="postgresql+psycopg://portopt@127.0.0.1:$port/postgres"
  echo "PostgreSQL $("$POSTGRES_PROGRAMS/postgres" --version | grep -o '[0-9][0-9.]*' | head -n 1) on 127.0.0.1:$port"
}

stop_services() {
  if [ -n "${POSTGRES_HOME:-}" ]; then
    as_server "$POSTGRES_PROGRAMS/pg_ctl" -D "$POSTGRES_HOME/data" -m immediate stop >/dev/null 2>&1 || true
    rm -rf "$POSTGRES_HOME"
    POSTGRES_HOME=
  fi
}

if [ -z "${PORTOPT_TEST_POSTGRES_URL:-}" ]; then
  trap stop_services EXIT
  start_postgres
fi
install_chromium
