/** Fields for resource tags. */

import AttributeEditor from "@cloudscape-design/components/attribute-editor";
import Input from "@cloudscape-design/components/input";
import type { ReactNode } from "react";
import type { ResourceTag } from "../domain/resource_tags";
import { text } from "../text";

const MOST = 50;
const LONGEST_KEY = 128;
const LONGEST_VALUE = 256;

/** The first thing that is wrong with the tags; null where nothing is. */
export function complaintAboutTags(tags: ResourceTag[]): string | null {
  const keys = tags.map((tag) => tag.Key);
  return keys.reduce<string | null>((found, _, place) => found ?? complaintAboutKey(keys, place), null);
}

export function TagFields(props: {
  tags: ResourceTag[];
  onChange: (tags: ResourceTag[]) => void;
}): ReactNode {
  const { tags, onChange } = props;
  const keys = tags.map((tag) => tag.Key);
  const set = (place: number, change: Partial<ResourceTag>) =>
    onChange(tags.map((tag, at) => (at === place ? { ...tag, ...change } : tag)));
  return (
    <AttributeEditor
      items={tags}
      addButtonText={text.tags.add}
      removeButtonText={text.remove}
      removeButtonAriaLabel={(tag) => text.tags.remove(tag.Key)}
      disableAddButton={tags.length >= MOST}
      empty={text.tags.none}
      onAddButtonClick={() => onChange([...tags, { Key: "", Value: "" }])}
      onRemoveButtonClick={({ detail }) => onChange(tags.filter((_, place) => place !== detail.itemIndex))}
      definition={[
        {
          label: text.tags.key,
          control: (tag, place) => (
            <Input
              value={tag.Key}
              ariaLabel={text.tags.key}
              onChange={({ detail }) => set(place, { Key: detail.value.slice(0, LONGEST_KEY) })}
            />
          ),
          errorText: (tag, place) => (tag.Key === "" ? null : complaintAboutKey(keys, place)),
        },
        {
          label: text.tags.value,
          control: (tag, place) => (
            <Input
              value={tag.Value}
              ariaLabel={text.tags.value}
              onChange={({ detail }) => set(place, { Value: detail.value.slice(0, LONGEST_VALUE) })}
            />
          ),
        },
      ]}
    />
  );
}

function complaintAboutKey(keys: string[], place: number): string | null {
  const key = keys[place] ?? "";
  if (key === "") {
    return text.tags.emptyKey;
  }
  if (key.toLowerCase().startsWith("aws:")) {
    return text.tags.reserved;
  }
  return keys.indexOf(key) === place ? null : text.tags.twice;
}
