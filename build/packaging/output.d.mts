export function outputFolder(origin: 'override' | 'official' | 'npm'): string;
