import {
  CopyObjectCommand,
  DeleteObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  paginateListObjectsV2,
  S3Client,
} from "@aws-sdk/client-s3";
import { messageOf, PipelineError } from "../../runtime/index.ts";
import type { LakeStorage } from "./storage.ts";

export type S3Parts = {
  readonly bucket: string;
  /** In front of all paths: empty, or ending with a slash. */
  readonly prefix: string;
  /** Of a service that is not Amazon's; its buckets are then named in the path. */
  readonly endpoint?: string;
  readonly region: string;
};

/** The lake in a bucket of S3, or of what speaks its protocol. Credentials come as they do for every program of the AWS SDK. */
export function createS3Storage({ bucket, prefix, endpoint, region }: S3Parts): LakeStorage {
  const client = new S3Client({
    region,
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
    maxAttempts: 3,
  });
  const name = `s3://${bucket}/${prefix}`;
  const at = (path: string) => ({ Bucket: bucket, Key: prefix + path });
  const attempt = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (cause) {
      if (cause instanceof PipelineError) throw cause;
      const status = statusOf(cause);
      const refused = status !== undefined && status >= 400 && status < 500 && status !== 408 && status !== 429;
      const code = refused || isWithoutCredentials(cause) ? "lake_storage_refused" : "lake_storage_unavailable";
      throw new PipelineError(code, { cause, fields: { storage: name, reason: messageOf(cause) } });
    }
  };
  const put = (path: string, bytes: Buffer) =>
    attempt(() => client.send(new PutObjectCommand({ ...at(path), Body: bytes, ContentLength: bytes.length })));
  const remove = (path: string) => attempt(() => client.send(new DeleteObjectCommand(at(path))));

  return {
    name,
    async check() {
      const probe = "_staging/probe";
      await put(probe, Buffer.from("hailstream"));
      await remove(probe);
    },
    async put(path, bytes) {
      await put(path, bytes);
    },
    // S3 cannot rename: the copy is there whole or not at all, and only then the source goes.
    move: (from, to) =>
      attempt(async () => {
        const source = `${bucket}/${prefix}${from}`.split("/").map(encodeURIComponent).join("/");
        try {
          await client.send(new CopyObjectCommand({ ...at(to), CopySource: source }));
        } catch (error) {
          if (statusOf(error) !== 404) throw error;
          await client.send(new HeadObjectCommand(at(to))).catch((cause: unknown) => {
            if (statusOf(cause) !== 404) throw cause;
            throw new PipelineError("lake_file_missing", { fields: { path: to } });
          });
          return;
        }
        await client.send(new DeleteObjectCommand(at(from)));
      }),
    async remove(path) {
      await remove(path);
    },
    list: (folder) =>
      attempt(async () => {
        const paths: string[] = [];
        for await (const page of paginateListObjectsV2({ client }, { Bucket: bucket, Prefix: `${prefix}${folder}/` })) {
          for (const { Key } of page.Contents ?? []) if (Key !== undefined) paths.push(Key.slice(prefix.length));
        }
        return paths;
      }),
  };
}

const statusOf = (error: unknown) => (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
const isWithoutCredentials = (error: unknown) => (error as Error).name === "CredentialsProviderError";
