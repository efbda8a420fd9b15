-- What happened to the generations of a collection: published, held, rolled back.
-- number counts from 1 in each collection.

-- +goose Up
CREATE TABLE events (
    collection TEXT   NOT NULL REFERENCES collections (name) ON DELETE CASCADE,
    number     BIGINT NOT NULL,
    at         BIGINT NOT NULL,
    kind       TEXT   NOT NULL,
    generation BIGINT NOT NULL,
    crawl      BIGINT NOT NULL,
    detail     TEXT   NOT NULL,
    PRIMARY KEY (collection, number)
);

-- +goose Down
DROP TABLE events;
