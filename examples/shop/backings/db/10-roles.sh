#!/bin/sh
# Who may do what in the database `shop`. The image runs this once, when the volume is empty. To run it again, with
# other passwords or more extensions:
#   docker compose up --detach --force-recreate db
#   docker compose exec db sh /docker-entrypoint-initdb.d/10-roles.sh
# `postgres` is the superuser and has no password: it comes by the socket in the container.
#   docker compose exec db psql -U postgres shop
for secret in DB_OWNER_PASSWORD DB_PASSWORD DB_READER_PASSWORD; do
  [ -n "$(cat "/run/secrets/$secret")" ] || { echo "/run/secrets/$secret is empty" >&2; exit 1; }
done
psql --username postgres --dbname shop --no-psqlrc --quiet --set ON_ERROR_STOP=1 <<'SQL'
\set owner_password `cat /run/secrets/DB_OWNER_PASSWORD`
\set app_password `cat /run/secrets/DB_PASSWORD`
\set reader_password `cat /run/secrets/DB_READER_PASSWORD`
BEGIN;

SELECT format('CREATE ROLE %I', name) FROM unnest('{shop_owner,shop,shop_reader}'::text[]) name
WHERE name NOT IN (SELECT rolname FROM pg_roles) \gexec

-- owns the database: makes and changes tables, in migrations
ALTER ROLE "shop_owner" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD :'owner_password';
ALTER DATABASE "shop" OWNER TO "shop_owner";

-- the application: rows of the owner's tables, also of those to come
ALTER ROLE "shop" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD :'app_password';
REVOKE ALL ON DATABASE "shop", postgres, template1 FROM PUBLIC;
GRANT CONNECT, TEMPORARY ON DATABASE "shop" TO "shop";
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO "shop";
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO "shop";
GRANT USAGE, SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA public TO "shop";
ALTER DEFAULT PRIVILEGES FOR ROLE "shop_owner" GRANT USAGE ON SCHEMAS TO "shop";
ALTER DEFAULT PRIVILEGES FOR ROLE "shop_owner" GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO "shop";
ALTER DEFAULT PRIVILEGES FOR ROLE "shop_owner" GRANT USAGE, SELECT, UPDATE ON SEQUENCES TO "shop";

-- exporters: statistics, and no rows
ALTER ROLE "shop_reader" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD :'reader_password';
GRANT CONNECT ON DATABASE "shop" TO "shop_reader";
GRANT pg_monitor TO "shop_reader";


ALTER ROLE postgres PASSWORD NULL;
COMMIT;
SQL
