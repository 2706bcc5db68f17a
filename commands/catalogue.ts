import { type OptionSource, readOptions } from "../runtime/index.ts";
import { type Catalogue, catalogueOptions, loadCatalogue, schemaFolder } from "../schemas/index.ts";

/** The types of this program and those of `--schemas-dir`. @throws PipelineError schema_file_invalid, option_invalid */
export function catalogueFrom(source: OptionSource): Catalogue {
  return loadCatalogue(schemaFolder, readFolders(source));
}

/** The folders of `--schemas-dir`. */
export function readFolders(source: OptionSource): readonly string[] {
  return readOptions(catalogueOptions, source).dir ?? [];
}
