#!/usr/bin/env bash
# What the tests need of the machine, for this run alone. Source it:
#   . .ci/services.sh      installs what is missing (Debian packages; the broker's Java archives by Maven, kept between runs
#                          in the user's cache); starts a PostgreSQL server and a Pulsar broker on loopback in temporary
#                          folders, exports PORTOPT_TEST_POSTGRES_URL, PORTOPT_TEST_PULSAR_URL and
#                          PORTOPT_TEST_PULSAR_ADMIN_URL, stops it all at exit. Chromium is started by the tests themselves.
# A server that is named by its variable already is used as it is. PORTOPT_TEST_SERVICES names what is wanted, if not all.

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

install_broker_tools() {  # Java 17 and Maven, where they are missing
  local wanted=()
  command -v java >/dev/null || wanted+=("$(apt-cache show openjdk-17-jdk-headless >/dev/null 2>&1 && echo openjdk-17-jdk-headless || echo default-jdk-headless)")
  command -v mvn >/dev/null || wanted+=(maven)
  if [ "${#wanted[@]}" -eq 0 ]; then return; fi
  echo "installing ${wanted[*]} …"
  install_packages "${wanted[@]}" || { echo "no ${wanted[*]} could be installed: the broker needs them" >&2; return 1; }
}

PULSAR_START_SECONDS=180  # it takes ten; a machine may be busy

start_pulsar() {
  local port admin_port end
  if ! .ci/pulsar/jars --cached >/dev/null 2>&1; then install_broker_tools || return 1; fi
  .ci/pulsar/jars >/dev/null || return 1
  PULSAR_HOME=$(mktemp -d)
  port=$(free_port) admin_port=$(free_port)
  .ci/pulsar/broker "$PULSAR_HOME" "$port" "$admin_port" >"$PULSAR_HOME/log" 2>&1 &
  PULSAR_PROCESS=$!
  end=$((SECONDS + PULSAR_START_SECONDS))
  until [ "$(curl -s -m 2 "http://127.0.0.1:$admin_port/admin/v2/brokers/health")" = ok ]; do
    if ! kill -0 "$PULSAR_PROCESS" 2>/dev/null || [ "$SECONDS" -ge "$end" ]; then
      tail -n 30 "$PULSAR_HOME/log" >&2
      echo "the Pulsar broker did not start; its last words are above" >&2
      return 1
    fi
    sleep 0.5
  done
  export PORTOPT_TEST_PULSAR_URL="pulsar://127.0.0.1:$port" PORTOPT_TEST_PULSAR_ADMIN_URL="http://127.0.0.1:$admin_port"
  echo "Pulsar $(basename "$(.ci/pulsar/jars)") on 127.0.0.1:$port, its administration on 127.0.0.1:$admin_port"
}

stop_pulsar() {  # what it kept is thrown away, so it need not say goodbye to anybody
  if [ -z "${PULSAR_PROCESS:-}" ]; then return; fi
  kill -9 "$PULSAR_PROCESS" 2>/dev/null || true
  wait "$PULSAR_PROCESS" 2>/dev/null || true
  rm -rf "$PULSAR_HOME"
  PULSAR_PROCESS=
}

stop_services() {
  stop_pulsar
  if [ -n "${POSTGRES_HOME:-}" ]; then
    as_server "$POSTGRES_PROGRAMS/pg_ctl" -D "$POSTGRES_HOME/data" -m immediate stop >/dev/null 2>&1 || true
    rm -rf "$POSTGRES_HOME"
    POSTGRES_HOME=
  fi
}

wanted() { [[ " ${PORTOPT_TEST_SERVICES:-postgres pulsar chromium} " == *" $1 "* ]]; }

start_services() {
  if wanted postgres && [ -z "${PORTOPT_TEST_POSTGRES_URL:-}" ]; then start_postgres || return 1; fi
  if wanted pulsar && [ -z "${PORTOPT_TEST_PULSAR_URL:-}" ]; then start_pulsar || return 1; fi
  if wanted chromium; then install_chromium; fi
}

trap stop_services EXIT
start_services
