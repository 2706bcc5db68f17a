import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export type Certificates = {
  /** PEM file of the authority that clients must trust. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  /** Key and certificate in one file, as Kafka reads them. */
  readonly keyAndCert: string;
};

/** An authority of our own and a certificate of it for this machine, made by openssl. */
export function makeCertificates(folder: string): Certificates {
  const at = (name: string) => join(folder, name);
  const openssl = (...args: string[]) => execFileSync("openssl", args, { cwd: folder, stdio: "pipe" });
  const fresh = ["-newkey", "rsa:2048", "-nodes", "-sha256"];
  openssl("req", "-x509", ...fresh, "-days", "2", "-subj", "/CN=test authority", "-keyout", "ca.key", "-out", "ca.pem");
  openssl("req", ...fresh, "-subj", "/CN=localhost", "-keyout", "server.key", "-out", "server.csr");
  writeFileSync(at("names.txt"), "subjectAltName=DNS:localhost,IP:127.0.0.1\n");
  const signed = ["-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out", "server.pem"];
  openssl("x509", "-req", "-days", "2", "-sha256", "-extfile", "names.txt", ...signed);
  writeFileSync(at("both.pem"), readFileSync(at("server.key"), "utf8") + readFileSync(at("server.pem"), "utf8"), {
    mode: 0o600,
  });
  return { ca: at("ca.pem"), cert: at("server.pem"), key: at("server.key"), keyAndCert: at("both.pem") };
}
