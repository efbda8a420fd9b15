package convert

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// boundJSONFeed keeps the fields of a JSON Feed that are used and its first
// 1,000 items: gofeed makes objects of all, 4 s for 500,000 empty ones.
func boundJSONFeed(body []byte) (bounded []byte, cut bool, err error) {
	d := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))))
	feed := map[string]json.RawMessage{}
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, false, fmt.Errorf("%w: no JSON object", ErrDamaged)
	}
	var items []json.RawMessage
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, false, fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		if key == "items" {
			if items, cut, err = jsonItems(d); err != nil && len(items) == 0 {
				return nil, false, fmt.Errorf("%w: %w", ErrDamaged, err)
			}
			if cut {
				break // the fields after the items, mostly none, go with them
			}
			continue
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, false, fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		switch key {
		case "version", "title", "home_page_url":
			feed[key.(string)] = value
		}
	}
	if feed["items"], err = json.Marshal(items); err != nil {
		return nil, false, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	bounded, err = json.Marshal(feed)
	return bounded, cut, err
}

// jsonItems reads the array that comes next, as far as it is whole.
func jsonItems(d *json.Decoder) (items []json.RawMessage, cut bool, err error) {
	t, err := d.Token()
	if err != nil {
		return nil, true, err
	}
	if t != json.Delim('[') {
		return nil, true, fmt.Errorf("items are no list")
	}
	for d.More() {
		if len(items) == maxFeedItems {
			return items, true, nil
		}
		var item json.RawMessage
		if err := d.Decode(&item); err != nil {
			return items, true, err
		}
		items = append(items, item)
	}
	_, err = d.Token()
	return items, err != nil, err
}
