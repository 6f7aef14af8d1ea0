#!/bin/sh
# The part of the official image's entrypoint that the platform uses: first start, then the server.
set -eu
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  # shellcheck disable=SC2086 -- the arguments are a list
  initdb -D "$PGDATA" --username="$POSTGRES_USER" --pwfile="$POSTGRES_PASSWORD_FILE" ${POSTGRES_INITDB_ARGS:-}
  echo "host all all all scram-sha-256" >>"$PGDATA/pg_hba.conf"
  # Local logins are by peer name, which is not the platform's user: ask over the loopback instead.
  pg_ctl -D "$PGDATA" -o "-c listen_addresses=127.0.0.1" -w start
  PGPASSWORD=$(cat "$POSTGRES_PASSWORD_FILE") createdb -h 127.0.0.1 -U "$POSTGRES_USER" "$POSTGRES_DB"
  pg_ctl -D "$PGDATA" -m fast -w stop
fi
exec "$@" -c listen_addresses='*'
