#!/bin/sh
# Run once by the image of PostgreSQL: a role of its own, which row-level security holds.
set -eu
psql --username postgres --set password="$EVENFLOW_DATABASE_PASSWORD" --set ON_ERROR_STOP=1 <<'SQL'
CREATE ROLE evenflow LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD :'password';
CREATE DATABASE evenflow OWNER evenflow;
SQL
