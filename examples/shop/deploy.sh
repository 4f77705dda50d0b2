#!/bin/sh
# Runs the version $SHOP_VERSION on the host of an environment: deploy.sh staging|production
# The pipeline gives it DEPLOY_KEY, which that host lets in, DEPLOY_HOSTS, by which the host is known (what ssh-keyscan says
# of it, held against the host itself), and in IMAGES a compose file that names each image by digest.
set -eu

environment=$1
host=deploy@$environment.shop.example.com
files="--file compose.yaml"
if [ "$environment" != production ]; then
  files="$files --file compose.$environment.yaml"
fi

keys=$(mktemp -d)
trap 'rm -rf "$keys"' EXIT
(umask 077 && printf '%s\n' "$DEPLOY_KEY" >"$keys/id")
printf '%s\n' "$DEPLOY_HOSTS" >"$keys/known_hosts"

# .env and secrets/ are on the host already, and what it knows of itself stays there: with images that not everybody may
# fetch, its login to the registry, too (`docker login ghcr.io`, with a token that may read packages)
tar -cf - compose*.yaml nginx -C "$(dirname "$IMAGES")" "$(basename "$IMAGES")" |
  ssh -i "$keys/id" -o IdentitiesOnly=yes -o BatchMode=yes -o StrictHostKeyChecking=yes -o UserKnownHostsFile="$keys/known_hosts" "$host" "
    set -eu
    cd /srv/shop
    rm -rf next && mkdir next
    tar -xf - -C next
    # what went away goes away here, too; in place, where the gateway has the folder mounted
    if [ -d nginx ]; then
      (cd nginx && find . -type f -print) | while read -r file; do [ -e \"next/nginx/\$file\" ] || rm \"nginx/\$file\"; done
    fi
    cp -R next/. .
    rm -rf next
    SHOP_VERSION=$SHOP_VERSION docker compose $files --file $(basename "$IMAGES") up --detach --wait --no-build --remove-orphans
  "
