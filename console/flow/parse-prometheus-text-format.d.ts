declare module "parse-prometheus-text-format" {
  type Family = {
    readonly name: string;
    readonly metrics: readonly {
      readonly labels?: Readonly<Record<string, string>>;
      readonly value?: string;
      readonly buckets?: Readonly<Record<string, string>>;
    }[];
  };
  export default function parse(text: string): readonly Family[];
}
