#!/bin/sh
# From raw sources to a nightly sync, a table for others and an export: customers come as CSV files, orders from an API in
# pages, products from a database.
#
#   examples/sync.sh FOLDER
#
# FOLDER must not exist; what the other sides hold, the data folder of Manifold and what comes out are made in it. MANIFOLD names
# the command (manifold). API names a server that serves FOLDER/api (by default python3 is started as one), REPORTS a database
# that orders are written to (FOLDER/reports.sqlite).
set -eu

shop=$(cd "$(dirname "$0")" && pwd)/data/shop
mkdir "$1"
folder=$(cd "$1" && pwd)
manifold=${MANIFOLD:-manifold}
reports=${REPORTS:-sqlite:$folder/reports.sqlite}
export MANIFOLD_DATA_DIR="$folder/store"

# The other sides: what they hold changes twice.
other_sides() {
    rm -rf "$folder/api" && cp -R "$shop/api-$1" "$folder/api"
    cp "$shop/warehouse-$1.sqlite" "$folder/warehouse.sqlite"
}
other_sides 1
if [ -z "${API:-}" ]; then
    python3 -m http.server --directory "$folder" --bind 127.0.0.1 8765 2>/dev/null &
    trap 'kill $!' EXIT
    API=http://127.0.0.1:8765/api
    sleep 1
fi

m() {
    echo "$ manifold $*"
    "$manifold" "$@"
    echo
}

# What there is, and the first versions.
m import "$shop/customers-1.csv" --project shop --create-project --source customers --key id
m source create shop orders --type http --key id --config \
    "{\"url\": \"$API/orders-1.json\", \"records\": \"data\", \"pages\": {\"by\": \"next_url\", \"path\": \"next\"}}"
m source create shop products --type database --key sku --config \
    "{\"url\": \"sqlite:$folder/warehouse.sqlite\", \"table\": \"products\", \"cursor\": {\"column\": \"updated_at\", \"lag\": \"1h\"}}"
m sync run shop orders
m sync run shop products

# Every night from now on, as long as `manifold worker` runs.
m sync schedule shop orders --cron '0 2 * * *'
m sync schedule shop products --cron '10 2 * * *'

# A day later.
other_sides 2
m import "$shop/customers-2.csv" --project shop --source customers
m sync run shop orders
m sync run shop products

# And another day.
other_sides 3
m sync run shop orders
m sync run shop products

# A table for others, and a file.
m sync run shop orders --to "$reports" --table orders
m export shop --to "$folder/revenue.csv" --sql \
    'SELECT c.city, round(sum(o.quantity * p.price), 2) AS revenue
     FROM orders o JOIN customers c ON c.id = o.customer_id JOIN products p ON p.sku = o.sku
     GROUP BY c.city ORDER BY revenue DESC'
cat "$folder/revenue.csv"
