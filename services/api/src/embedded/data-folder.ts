import { claimDataFolder as claim, DataFolderError, type ClaimedFolder } from "@ai-platform/core/db/data-folder.ts";
import { StartError } from "./options.ts";

/** Claims the data folder for this process. Throws a StartError when the folder cannot be written or is in use. */
export async function claimDataFolder(folder: string): Promise<ClaimedFolder> {
  try {
    return await claim(folder);
  } catch (error) {
    if (error instanceof DataFolderError) throw new StartError(error.message, { cause: error });
    throw error;
  }
}
